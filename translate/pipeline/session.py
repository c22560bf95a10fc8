"""A session: one source of speech, its captions, and their translations, as one stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self

from translate.audio import AudioSource
from translate.config import Config
from translate.errors import SottovoceError
from translate.events import EndOfStream, Event
from translate.inference import Engines
from translate.languages import AUTO, canonical
from translate.latency import SessionClock
from translate.modes import FAST, Mode
from translate.pipeline.outlet import Outlet
from translate.pipeline.recognition import RecognitionStage
from translate.pipeline.translation import TranslationState
from translate.pipeline.translations import TranslationStage
from translate.tasks import is_cancelled

__all__ = ["Session"]


class Session:
    """Live captions and translations of one source; iterate it once, and close it when you leave before the end.

    Args:
        source: where the sound comes from: a ``FileSource``, ``MicrophoneSource``, ``PcmSource`` or ``PushSource``.
        spoken: language code of the speech, or ``"auto"``.
        targets: language codes to translate into; may be empty.
        engines: models to run on, shared by any number of sessions; ``None``: loaded from ``config`` for this one.
        config: settings; those of ``engines`` when not given.
        allowed: languages that ``"auto"`` may find; empty: all that the model knows.
        mode: ``"fast"`` shows the uncommitted tail of a translation, ``"calm"`` only what stands.

    Raises:
        LanguageError: a language is unknown, or no installed model translates the pair.
        MissingModel: a model is not on this machine.

    Iterating raises :class:`~translate.errors.SottovoceError` when the source or an engine fails; everything committed
    before has been yielded by then. The last event is :class:`~translate.events.EndOfStream`.
    """

    def __init__(
        self,
        source: AudioSource,
        *,
        spoken: str = AUTO,
        targets: Sequence[str] = (),
        engines: Engines | None = None,
        config: Config | None = None,
        allowed: Sequence[str] = (),
        mode: Mode = FAST,
    ) -> None:
        self._owns_engines = engines is None
        self._engines = Engines(config or Config()) if engines is None else engines
        self._config = config or self._engines.config
        self._source = source
        self._spoken = None if spoken == AUTO else canonical(spoken)
        self._allowed = tuple(canonical(code) for code in allowed or self._config.asr.allowed_languages)
        self._outlet = Outlet(self._config.limits.events)
        self._recognition: RecognitionStage | None = None
        self._runner: asyncio.Task[None] | None = None
        self.mode: Mode = mode
        self._closed = False
        try:
            wanted = self._checked(targets)
        except BaseException:
            if self._owns_engines:
                self._engines.close()
            raise
        self.clock = SessionClock()  # late: loading engines takes seconds that are no part of the session
        self._translation = TranslationStage(
            wanted,
            self._engines,
            self._config,
            clock=self.clock,
            outlet=self._outlet,
            mode=lambda: self.mode,
            spoken=lambda: self._spoken,
            waits=not source.live,
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages that it translates into now."""
        return self._translation.targets

    @property
    def translations(self) -> Mapping[str, TranslationState]:
        """How the translation into each language is: ``running``, ``failed`` (a notice has said why) or ``closed``."""
        return self._translation.states

    def set_targets(self, targets: Sequence[str]) -> None:
        """Translate into ``targets`` from the next revision on; a language no longer wanted ends at once.

        A language whose translation has failed is tried again.

        Raises:
            LanguageError: one is unknown or cannot be reached from the spoken language; nothing is changed.
        """
        self._translation.set_targets(self._checked(targets))

    def set_spoken(self, code: str) -> None:
        """Speech is in ``code``, or ``"auto"``, from the next segment on.

        A target that cannot be reached from it gets a :class:`~translate.events.Notice` and nothing more.

        Raises:
            LanguageError: the model does not know it; nothing is changed.
        """
        spoken = None if code == AUTO else canonical(code)
        self._engines.check(spoken, (), self._allowed)
        self._spoken = spoken
        if self._recognition is not None:
            self._recognition.set_spoken(spoken)

    def _checked(self, targets: Sequence[str]) -> tuple[str, ...]:
        wanted = tuple(dict.fromkeys(canonical(code) for code in targets))
        self._engines.check(self._spoken, wanted, self._allowed)
        return wanted

    def __aiter__(self) -> Self:
        if self._runner is not None or self._closed:
            raise RuntimeError("a session can be iterated once, and not after it was closed")
        self._runner = asyncio.create_task(self._run(), name="session")
        return self

    async def __anext__(self) -> Event:
        """The next event, in the order in which they became known."""
        event = await self._outlet.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def _run(self) -> None:
        """Run the stages to their end, and then tell the reader how it went, whatever happens."""
        failure: Exception | None = None
        try:
            await self._outlet.put(await self._stages())
        except Exception as error:
            failure = _failure(error)
        except asyncio.CancelledError:
            if is_cancelled():
                raise  # by aclose
            failure = SottovoceError("the session was cancelled from inside")
        finally:
            try:
                await self._release()
            except Exception as error:
                failure = failure or error
            finally:
                self._outlet.close(failure)

    async def _stages(self) -> EndOfStream:
        recognition = self._recognition = RecognitionStage(
            self._source,
            self._engines,
            self._config,
            spoken=self._spoken,
            allowed=self._allowed,
            clock=self.clock,
            outlet=self._outlet,
            heard=self._translation.share,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(recognition.listen(), name="listening")
            async with self._translation:
                end = await recognition.recognise()
        if recognition.source_error is not None:  # what was heard before it is out; now say why there is no more
            raise recognition.source_error
        return end

    async def _release(self) -> None:
        try:
            await self._source.aclose()
        finally:
            if self._owns_engines:
                await asyncio.to_thread(self._engines.close)  # waits for the engines' process to end

    async def aclose(self) -> None:
        """End the session at once. Idempotent."""
        if self._runner is not None and not self._runner.done():
            self._runner.cancel()
            await asyncio.wait({self._runner})
        self._closed = True
        try:
            await self._release()
        finally:
            self._outlet.close()  # a runner that was cancelled before it ran could not

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def _failure(error: Exception) -> Exception:
    """What the reader of a session is told: one error that says what is wrong.

    A task group gathers what its tasks raised; the first of them ended the session, the rest followed from it.
    """
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, RuntimeError):  # CTranslate2 raises nothing more precise
        typed = SottovoceError(f"an engine failed: {error}")
        typed.__cause__ = error
        return typed
    return error
