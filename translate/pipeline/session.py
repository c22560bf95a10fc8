"""A session: one source of speech, its captions, and their translations, as one stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Self

from translate.audio import AudioSource
from translate.config import Config
from translate.errors import SottovoceError
from translate.events import Event
from translate.inference import Engines
from translate.languages import canonical
from translate.latency import SessionClock
from translate.pipeline.direct import SharedEnglish
from translate.pipeline.outlet import Outlet
from translate.pipeline.recognition import Heard, RecognitionStage
from translate.pipeline.translation import TranslationWorker
from translate.translation import Mode

__all__ = ["AUTO", "Session"]

AUTO = "auto"
"""Stands for "find out which language is spoken"."""


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
        mode: Mode = "fast",
    ) -> None:
        self._engines = engines or Engines(config or Config())
        self._config = config or self._engines.config
        self._source = source
        self._spoken = None if spoken == AUTO else canonical(spoken)
        self._allowed = tuple(canonical(code) for code in allowed or self._config.asr.allowed_languages)
        wanted = self._checked(targets)
        self._outlet = Outlet(self._config.limits.events)
        self._workers: dict[str, TranslationWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._runner: asyncio.Task[None] | None = None
        self._stage: RecognitionStage | None = None
        self._first_targets = wanted
        self.mode: Mode = mode
        self.clock = SessionClock()  # last: loading engines takes seconds that are no part of the session

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages it translates into now."""
        return tuple(self._workers) if self._runner else self._first_targets

    def set_targets(self, targets: Sequence[str]) -> None:
        """Translate into ``targets`` from the next revision on; a language no longer wanted ends at once.

        Raises:
            LanguageError: one is unknown or cannot be reached from the spoken language; nothing is changed.
        """
        wanted = self._checked(targets)
        if self._runner is None:
            self._first_targets = wanted
            return
        for code in set(self._workers) - set(wanted):
            del self._workers[code]
            self._tasks.pop(code).cancel()
        for code in wanted:
            if code not in self._workers:
                self._start_worker(code)

    def set_spoken(self, code: str) -> None:
        """Speech is in ``code``, or ``"auto"``, from the next segment on.

        A target that cannot be reached from it gets a :class:`~translate.events.Notice` and nothing more.

        Raises:
            LanguageError: the model does not know it; nothing is changed.
        """
        spoken = None if code == AUTO else canonical(code)
        self._engines.check(spoken, (), self._allowed)
        self._spoken = spoken
        if self._stage is not None:
            self._stage.set_spoken(spoken)

    def _checked(self, targets: Sequence[str]) -> tuple[str, ...]:
        wanted = tuple(dict.fromkeys(canonical(code) for code in targets))
        self._engines.check(self._spoken, wanted, self._allowed)
        return wanted

    def __aiter__(self) -> Self:
        if self._runner is not None:
            raise RuntimeError("a session can be iterated once")
        self._runner = asyncio.create_task(self._run())
        return self

    async def __anext__(self) -> Event:
        """The next event, in the order in which they became known."""
        event = await self._next()
        if event is None:
            raise StopAsyncIteration
        return event

    async def _next(self) -> Event | None:
        """The next event; ``None`` after the last. Raises what ended the session, once all before it is read."""
        assert self._runner is not None
        getting = asyncio.ensure_future(self._outlet.get())
        try:
            await asyncio.wait({getting, self._runner}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
        finally:
            if not getting.done():
                getting.cancel()
        if not self._outlet.empty:
            return await self._outlet.get()
        await self._runner
        return None

    async def _run(self) -> None:
        # Here and not in __init__: the stage makes primitives of the running loop.
        stage = self._stage = RecognitionStage(
            self._source,
            self._engines,
            self._config,
            spoken=self._spoken,
            allowed=self._allowed,
            clock=self.clock,
            outlet=self._outlet,
            heard=self._share,
        )
        self._english = SharedEnglish(self._engines, self._config)
        for code in self._first_targets:
            self._start_worker(code)
        listening = asyncio.create_task(stage.listen())
        recognising = asyncio.create_task(stage.recognise())
        try:
            end = await recognising
            for worker in self._workers.values():
                await worker.mailbox.close()
            await asyncio.gather(*self._tasks.values())
            await listening  # a source that failed has ended too: what was heard before is out, now say why
            await self._outlet.put(end)
        except RuntimeError as error:  # CTranslate2 and ONNX Runtime raise nothing more precise
            raise SottovoceError(f"an engine failed: {error}") from error
        finally:
            tasks = [listening, recognising, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._source.aclose()

    async def _share(self, heard: Heard) -> None:
        for worker in tuple(self._workers.values()):
            await worker.mailbox.put(heard)

    def _start_worker(self, code: str) -> None:
        worker = TranslationWorker(
            code,
            self._engines,
            self._config,
            clock=self.clock,
            outlet=self._outlet,
            english=self._english,
            mode=lambda: self.mode,
            spoken=self._spoken,
        )
        self._workers[code] = worker
        self._tasks[code] = asyncio.create_task(worker.run())

    async def aclose(self) -> None:
        """End the session at once. Idempotent."""
        if self._runner is not None and not self._runner.done():
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        await self._source.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
