"""Models, and who runs them: engines, turns at them, capacity, and the child process that they can live in.

:class:`~translate.inference.engines.Engines` is the one way in. With ``isolated`` the engines live in a child process:
a CTranslate2 abort or the kernel's out-of-memory killer takes the child only. Every call of an engine is a pure
function of its arguments (a window of audio, a piece of text), so a call that was lost is made again in the next child
and the session goes on from its committed text.

What is imported here, the child imports before it has set up its libraries: nothing that imports NumPy.
"""

from translate.inference.errors import WorkerError, WorkerStopped
from translate.inference.supervisor import Backoff, Worker

__all__ = ["Backoff", "Worker", "WorkerError", "WorkerStopped"]
