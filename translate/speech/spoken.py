"""Which language one session's speech is in: given, or detected anew for each span and each sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from translate.speech.engine import EncodedAudio

__all__ = ["Detector", "SpokenLanguage"]

_SURE = 0.6
_LEAST_S = 1.5
_WAIT_S = 2.5
"""Detection may wait for this much audio when it is not sure."""
_CHANGED = 0.9
"""Another language than that of the sentence before, with no pause between them, has to be this likely."""


class Detector(Protocol):
    """What can tell a language from audio (:class:`~translate.speech.whisper.WhisperEngine`)."""

    def detect_language(self, window: EncodedAudio, allowed: Sequence[str] = ()) -> tuple[str, float]:
        """The likeliest language and its share."""
        ...


class SpokenLanguage:
    """The language of the open segment.

    Args:
        detector: asked when no language is given.
        fixed: code of the language; ``None``: detected.
        allowed: what detection may choose from; empty: every language that the model knows well.
    """

    def __init__(self, detector: Detector, fixed: str | None, allowed: Sequence[str]) -> None:
        self._detector = detector
        self._fixed = fixed
        self._allowed = tuple(allowed)
        self._before: str | None = None
        """The language detected last: likely to be spoken again, so that less audio is needed to hear it."""
        self._doubted = False
        """Whether the language is only taken over from the sentence before."""
        self.code = fixed
        """Code of the language; ``None``: not known yet."""

    def set(self, fixed: str | None) -> None:
        """Speech is in ``fixed`` (``None``: detected) from the next segment on."""
        self._fixed = fixed

    def next_span(self) -> None:
        """A segment begins after a pause."""
        self.code, self._doubted = self._fixed, False

    def next_sentence(self) -> None:
        """A segment begins where another ended, in one breath."""
        self._doubted = self._fixed is None
        if self._fixed is not None:
            self.code = self._fixed

    def hear(self, window: EncodedAudio, *, last: bool) -> bool:
        """Listen to ``window``, when it still matters.

        Args:
            last: no more audio of the span will come, so that a guess has to do.

        Returns:
            Whether the language is not the one it was before the call.
        """
        if self._fixed is not None and self.code is not None:
            return False
        if self.code is not None and not self._doubted:
            return False
        before = self.code
        found, share = self._detector.detect_language(window, self._allowed)
        if before is None:
            enough_s = _LEAST_S / 2 if found == self._before else _LEAST_S
            if last or (share >= _SURE and window.seconds >= enough_s) or window.seconds >= _WAIT_S:
                self.code = self._before = found
        elif window.seconds >= _LEAST_S:
            self._doubted = window.seconds < _WAIT_S and not last
            if found != before and share >= _CHANGED:
                self.code = self._before = found
                self._doubted = False
        return self.code != before
