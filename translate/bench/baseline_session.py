"""A session that runs a baseline policy, with the same detector, buffer and turns as ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from translate.audio import AudioSource
from translate.bench.baselines import BaselinePolicy, Update
from translate.config import VadConfig
from translate.events import AudioChunk, EndOfStream, Event, Marks, Transcript
from translate.inference import Turns
from translate.latency import SessionClock
from translate.pipeline.buffer import Batch, SpeechBuffer
from translate.speech.vad import StreamingVad
from translate.tasks import Supervisor

__all__ = ["BaselineSession"]

_MOST_MS = 3_600_000


class BaselineSession:
    """Captions by a baseline policy; iterate it once.

    Args:
        turns: where its computing is done.
    """

    def __init__(self, source: AudioSource, policy: BaselinePolicy, lang: str, turns: Turns, vad: VadConfig) -> None:
        self._source = source
        self._policy = policy
        self._lang = lang
        self._turns = turns
        self._vad = StreamingVad(vad)
        self._buffer = SpeechBuffer()
        self._ended = False
        self._segment = 0
        self._last: Transcript | None = None
        self.clock = SessionClock()

    async def __aiter__(self) -> AsyncIterator[Event]:
        self._changed = asyncio.Condition()
        tasks = Supervisor("baseline", failed=lambda _name, _error: None)  # raised below
        listening = tasks.start(self._listen(), "listen")
        try:
            while (batch := await self._next_batch()) is not None:
                started_ms = self.clock.now_ms()
                update = await self._turns.run(lambda batch=batch: self._step(batch))  # type: ignore[misc]
                marks = replace(batch.marks, asr_start=started_ms, asr_end=self.clock.now_ms())
                if (transcript := self._transcript(update, batch, marks)) is not None:
                    yield transcript
            await listening
            yield EndOfStream(self._buffer.end)
        finally:
            await tasks.aclose()

    async def aclose(self) -> None:
        """Close the source."""
        await self._source.aclose()

    async def _listen(self) -> None:
        try:
            async for item in self._source.stream(self.clock):
                if isinstance(item, AudioChunk):
                    changes = list(self._vad.push(item.samples))
                    async with self._changed:
                        # Quiet frames are not told: these policies do not look at pauses within a stretch.
                        self._buffer.push(item, changes, 0, self.clock.now_ms())
                        self._changed.notify_all()
        finally:
            async with self._changed:
                self._ended = True
                self._buffer.close()
                self._changed.notify_all()

    async def _next_batch(self) -> Batch | None:
        cadence_ms = self._policy.cadence_ms
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or self._buffer.ready(cadence_ms))
            return self._buffer.take(_MOST_MS) if self._buffer.ready(cadence_ms) else None

    def _step(self, batch: Batch) -> Update:
        if batch.begin is not None:
            self._policy.begin(batch.begin)
        self._policy.feed(batch.samples)
        return self._policy.update() if batch.finish is None else self._policy.finish()

    def _transcript(self, update: Update, batch: Batch, marks: Marks) -> Transcript | None:
        """The next revision of the open segment; ``None`` when there is nothing to say."""
        final = batch.finish is not None
        words = tuple(update.words)
        last = self._last
        if last is None and not words and not update.tail:
            return None
        end_ms = words[-1].end_ms if words else 0
        transcript = Transcript(
            segment=self._segment,
            rev=last.rev + 1 if last is not None else 1,
            lang=self._lang,
            committed="".join(word.text for word in words),
            tail=update.tail,
            final=final,
            start_ms=last.start_ms if last is not None else (words[0].start_ms if words else end_ms),
            end_ms=end_ms,
            words=words,
            marks=marks,
        )
        self._last = None if final else transcript
        self._segment += final
        return transcript
