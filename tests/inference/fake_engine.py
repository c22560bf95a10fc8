"""An engine for the child that can be told to misbehave."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np

from translate.errors import LanguageError


class FakeWhisper:
    """Hears the first sample of a window, whoever asks."""

    multilingual = True
    languages = ("en", "es")

    def encode(self, audio: np.ndarray) -> float:
        return float(audio[0])

    def decode(self, window: float, language: str) -> float:
        return window


class FakeEngine:
    greeting = "hello"

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._arriving = threading.Condition()
        self._here = 0

    def libraries(self) -> tuple[str, int]:
        """The hub library's switch, and the threads here after NumPy has multiplied: OpenBLAS makes them at import."""
        import numpy as np

        _ = np.ones((400, 400), np.float32) @ np.ones((400, 400), np.float32)
        return os.environ.get("HF_HUB_OFFLINE", ""), len(list(Path("/proc/self/task").iterdir()))

    def add(self, left: int, right: int) -> int:
        return left + right

    def keep(self, value: int) -> list[int]:
        return [value]

    def read(self, kept: list[int]) -> int:
        return kept[0]

    def refuse(self) -> None:
        raise LanguageError("no such language")

    def break_down(self) -> None:
        raise ZeroDivisionError("by zero")

    def unsendable(self) -> object:
        return lambda: None

    def abort(self) -> None:
        os.abort()

    def abort_once(self) -> str:
        assert self.folder is not None
        mark = self.folder / "aborted"
        if not mark.exists():
            mark.touch()
            os.abort()
        return "went well the second time"

    def meet(self, count: int) -> bool:
        """Returns when ``count`` calls are in here at once."""
        with self._arriving:
            self._here += 1
            self._arriving.notify_all()
            return self._arriving.wait_for(lambda: self._here >= count, timeout=10)

    def hang(self) -> None:
        time.sleep(3600)
