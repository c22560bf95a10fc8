"""The recognition stage of a session: source and voice activity in, transcripts out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from translate.audio import AudioSource
from translate.config import Config
from translate.events import AudioChunk, EndOfStream, Lag, Marks, Notice, Samples, SpeechSpan, Transcript
from translate.inference import Engines, WorkerError
from translate.latency import SessionClock
from translate.pipeline.buffer import Batch, SpeechBuffer
from translate.pipeline.cadence import Cadence
from translate.pipeline.outlet import Outlet
from translate.speech.recognizer import SegmentText, StreamingRecognizer
from translate.speech.vad import SpeechChange
from translate.tasks import reporting

__all__ = ["Heard", "RecognitionStage"]

_UNPACED_STEP_MS = 3000
"""Audio of one update when nobody waits for it: fewer updates, each with more to go by."""
_MOST_MS = 15_000
"""Audio that one update may add to the window; the encoder takes 30 s at most."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A transcript, and the audio of its segment for a stage that needs to hear it too."""

    transcript: Transcript
    audio: Samples


class RecognitionStage:
    """Listens to the source and recognises what is said.

    Args:
        heard: called with every transcript that says something new, in order.
    """

    def __init__(
        self,
        source: AudioSource,
        engines: Engines,
        config: Config,
        *,
        spoken: str | None,
        allowed: Sequence[str],
        clock: SessionClock,
        outlet: Outlet,
        heard: Callable[[Heard], Awaitable[None]],
    ) -> None:
        self._source = source
        self._engines = engines
        self._limits = config.limits
        self._clock = clock
        self._outlet = outlet
        self._heard = heard
        self._vad = engines.detector(config.vad)
        self._buffer = SpeechBuffer()
        self._recognizer = StreamingRecognizer(
            engines.recognition, replace(config.asr, allowed_languages=tuple(allowed)), spoken
        )
        self._cadence = Cadence(config.asr.cadence_ms if source.live else _UNPACED_STEP_MS)
        self._step_ms = _MOST_MS if source.live else _UNPACED_STEP_MS
        self._changed = asyncio.Condition()
        self._ended = False
        self.source_error: Exception | None = None
        """What ended the source before its end."""
        self._revisions = _Revisions()
        self._lagging = False

    def set_spoken(self, spoken: str | None) -> None:
        """Speech is in ``spoken`` (``None``: detected) from the next segment on."""
        self._recognizer.set_language(spoken)

    async def listen(self) -> None:
        """Take everything that the source has; its end or its error (:attr:`source_error`) ends recognition."""
        try:
            async for item in self._source.stream(self._clock):
                if isinstance(item, Notice):
                    await self._outlet.put(item)
                else:
                    await self._take(item)
        except Exception as error:
            self.source_error = error
        finally:
            async with self._changed:
                self._ended = True
                self._buffer.close()
                self._changed.notify_all()

    async def _take(self, chunk: AudioChunk) -> None:
        changes, quiet_frames = await self._engines.detection_turns.run(lambda: self._detect(chunk))
        now_ms = self._clock.now_ms()
        self._buffer.push(chunk, changes, quiet_frames, now_ms)
        for change in changes:
            await self._outlet.put(SpeechSpan(change.state, change.position, round(now_ms, 1)))
        await self._hand_over()

    def _detect(self, chunk: AudioChunk) -> tuple[list[SpeechChange], int]:
        """In a thread: changes of speech in the chunk, and how many frames of the open span are quiet by then."""
        return list(self._vad.push(chunk.samples)), self._vad.gate.quiet_frames

    async def _hand_over(self) -> None:
        async with self._changed:
            self._changed.notify_all()
            if self._buffer.ahead_ms > self._limits.ahead_ms:
                await self._changed.wait_for(lambda: self._buffer.ahead_ms <= self._limits.ahead_ms)

    async def recognise(self) -> EndOfStream:
        """Recognise until the source has ended and all of it is final."""
        while (batch := await self._next_batch()) is not None:
            await self._report_lag()
            started_ms = self._clock.now_ms()
            try:
                states = await self._heard_of(batch)
            except WorkerError as error:
                states = self._recognizer.give_up(last=batch.finish is not None)
                said = f"a few seconds of speech are missing: {error}"
                await self._outlet.put(Notice(error.code, said, error.retryable))
            marks = replace(batch.marks, asr_start=started_ms, asr_end=self._clock.now_ms())
            if self._source.live:
                self._cadence.took(self._clock.now_ms() - started_ms)
            await self._publish(states, marks)
        return EndOfStream(self._buffer.end)

    async def _heard_of(self, batch: Batch) -> Sequence[SegmentText]:
        """What the engine makes of it; while that takes long, everybody is told how late captions are by now."""
        step = self._engines.recognition_turns.run(lambda: self._step(batch))
        return await reporting(step, self._report_lag, every_s=self._limits.lag_ms / 1000)

    async def _next_batch(self) -> Batch | None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._ended or self._buffer.ready(self._cadence.now_ms))
            if not self._buffer.ready(self._cadence.now_ms):
                return None
            batch = self._buffer.take(self._step_ms)
            self._changed.notify_all()
            return batch

    def _step(self, batch: Batch) -> Sequence[SegmentText]:
        """In the engine's thread."""
        if batch.begin is not None:
            self._recognizer.begin(batch.begin)
        self._recognizer.feed(batch.samples)
        if batch.finish is not None:
            return self._recognizer.finish(batch.finish)
        return self._recognizer.update(pause=batch.pause)

    async def _publish(self, states: Sequence[SegmentText], marks: Marks) -> None:
        for state in states:
            transcript = self._revisions.transcript(state, marks)
            if transcript is not None:
                await self._outlet.put(transcript)
                await self._heard(Heard(transcript, self._buffer.slice(state.start, state.end)))

    async def _report_lag(self) -> None:
        behind_ms = round(self._buffer.ahead_ms)
        lagging = behind_ms > self._limits.lag_ms
        if self._source.live and (lagging or self._lagging):
            await self._outlet.put(Lag("recognition", behind_ms if lagging else 0))
        self._lagging = lagging


class _Revisions:
    """Numbers the revisions of each segment, and leaves out what would say nothing new. Pure."""

    def __init__(self) -> None:
        self._last: Transcript | None = None

    def transcript(self, state: SegmentText, marks: Marks) -> Transcript | None:
        last = self._last if self._last is not None and self._last.segment == state.segment else None
        if last is None and not (state.committed or state.tail):
            return None  # a segment exists from its first word on
        if last is not None and not state.final and (last.committed, last.tail) == (state.committed, state.tail):
            return None
        transcript = Transcript(
            segment=state.segment,
            rev=last.rev + 1 if last is not None else 1,
            lang=state.lang,
            committed=state.committed,
            tail=state.tail,
            final=state.final,
            start_ms=state.start * 1000 // 16_000,
            end_ms=state.end * 1000 // 16_000,
            words=state.words,
            marks=marks,
        )
        self._last = None if state.final else transcript
        return transcript
