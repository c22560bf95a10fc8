"""What the server needs of the pipeline: something that opens sessions, and which languages it offers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from translate.audio.source import AudioSource
from translate.errors import LanguageError
from translate.events import Event, Transcript
from translate.languages import AUTO, canonical, english_name, native_name
from translate.latency import SessionClock

__all__ = ["Backend", "Offer", "SessionLike"]


class SessionLike(Protocol):
    """One running session: yields its events, the last of which is ``EndOfStream``."""

    @property
    def clock(self) -> SessionClock:
        """The clock of the marks in its events."""

    def __aiter__(self) -> AsyncIterator[Event]: ...

    def set_targets(self, targets: Sequence[str]) -> None:
        """Languages to translate into from now on."""

    def set_spoken(self, code: str) -> None:
        """The language of the next segments, or ``auto``. Raises ``LanguageError``."""

    async def aclose(self) -> None:
        """Ends the session at once."""


class Backend(Protocol):
    """Opens sessions on shared engines."""

    def capacity(self) -> int:
        """Speakers at once that the machine was measured to hold. May block while it measures."""

    def restarts(self) -> Mapping[str, int]:
        """How often each supervised process was started again."""

    def sources(self) -> Sequence[str]:
        """Languages that recognition knows."""

    def targets_for(self, source: str) -> Sequence[str]:
        """Languages that speech in ``source`` can be translated into."""

    def open_session(
        self, source: AudioSource, *, spoken: str, targets: Sequence[str], allowed: Sequence[str], mode: str
    ) -> SessionLike:
        """Starts a session on ``source``.

        Raises:
            LanguageError: a language is unknown or the pair cannot be done.
            Busy: no capacity.
            MissingModel: a model is not on this machine.
        """

    async def translate_final(self, transcript: Transcript, target: str) -> str:
        """A finished segment in another language, some time after it was said.

        Raises:
            LanguageError: no model can do that from the text alone.
            MissingModel: a model is damaged.
        """


class Offer:
    """Which languages the backend offers, asked once.

    Args:
        backend: whom to ask.
    """

    def __init__(self, backend: Backend) -> None:
        self.sources = tuple(backend.sources())
        self._targets = {source: tuple(backend.targets_for(source)) for source in self.sources}

    def as_json(self) -> dict[str, object]:
        """What a page asks before its first session: languages that are heard, and what each can be read in."""
        named = [{"code": c, "name": english_name(c), "native": native_name(c)} for c in self.sources]
        targets = {source: list(codes) for source, codes in self._targets.items() if codes}
        return {"sources": named, "targets": targets | {AUTO: list(self.targets_for(AUTO))}}

    def source(self, code: str) -> str:
        """The canonical code of a spoken language, or ``auto``. Raises ``LanguageError``."""
        if code == AUTO:
            return AUTO
        known = canonical(code)
        if known not in self.sources:
            raise LanguageError(f"the model does not recognise {code!r}; it knows {', '.join(self.sources)}")
        return known

    def targets_for(self, spoken: str, allowed: Sequence[str] = ()) -> tuple[str, ...]:
        """Languages that speech can be translated into; of ``auto``, from any of the ``allowed`` (none: all)."""
        sources = (spoken,) if spoken != AUTO else tuple(allowed) or self.sources
        return tuple(sorted({target for source in sources for target in self._targets.get(source, ())}))

    def checked_targets(self, codes: Sequence[str], available: Sequence[str], spoken: str) -> tuple[str, ...]:
        """Canonical codes of wanted targets, in order; the spoken language itself may be among them.

        Raises:
            LanguageError: one is unknown or not available.
        """
        wanted = tuple(dict.fromkeys(canonical(code) for code in codes))
        for code in wanted:
            if code not in available and code != spoken and not (spoken == AUTO and code in self.sources):
                known = ", ".join(available) or "none; install a translation model"
                raise LanguageError(f"cannot translate {spoken} to {code}; available: {known}")
        return wanted
