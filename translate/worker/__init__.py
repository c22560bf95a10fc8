"""Engines in a child process: what kills them does not kill the service, and what hangs is killed.

A CTranslate2 abort or the kernel's out-of-memory killer takes the child only. Every call of an engine is a pure
function of its arguments (a window of audio, a piece of text), so a call that was lost is made again in the next child
and the session goes on from its committed text.

What is imported here, the child imports before it has set up its libraries: nothing that imports NumPy.
"""

from translate.worker.errors import WorkerError, WorkerStopped
from translate.worker.supervisor import Backoff, Worker

__all__ = ["Backoff", "Worker", "WorkerError", "WorkerStopped"]
