"""Models, and who runs them: engines, turns at them, capacity, and the child process that they can live in.

This is the one way in: what is outside imports names from here and from no file within. The parts:

* :class:`Engines`: recognition and every installed translation model, in this process or in a child of it.
* :class:`Translators`: the translation models alone.
* :class:`Turns`: fair turns at an engine, off the event loop.
* :class:`Capacity`: how many speakers the machine holds; ``doctor``, admission and ``bench load`` all ask it.
* :class:`EngineProcess`: the child process. A CTranslate2 abort or the kernel's out-of-memory killer takes it only.
  Every call of an engine is a pure function of its arguments (a window of audio, tokens), so a call that was lost is
  made again in the next child, and the session goes on from its committed text.

What an engine does: :class:`~translate.speech.engine.RecognitionEngine`, and for translation
:class:`~translate.translation.engine.Translator` (text) over :class:`~translate.translation.decoding.Decoder` (tokens).

Names are imported when first used: the child imports this package before it has set up its libraries, and may import
nothing then that brings NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from translate.names import on_demand

if TYPE_CHECKING:
    from translate.inference.capacity import Capacity, measured_capacity, remembered_capacity
    from translate.inference.engines import Engines
    from translate.inference.errors import WorkerError, WorkerStopped
    from translate.inference.process import EngineProcess
    from translate.inference.translators import LazyTranslator, Translators
    from translate.inference.turns import Turns

_WHERE = {
    "capacity": ("Capacity", "measured_capacity", "remembered_capacity"),
    "engines": ("Engines",),
    "errors": ("WorkerError", "WorkerStopped"),
    "process": ("EngineProcess",),
    "translators": ("LazyTranslator", "Translators"),
    "turns": ("Turns",),
}

__all__ = [
    "Capacity",
    "EngineProcess",
    "Engines",
    "LazyTranslator",
    "Translators",
    "Turns",
    "WorkerError",
    "WorkerStopped",
    "measured_capacity",
    "remembered_capacity",
]

__getattr__ = on_demand(__name__, _WHERE)
