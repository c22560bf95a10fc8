"""Who talks and who reads in a soak: recordings one after the other at the machine's pace, through real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from translate.bench.material import Recording
from translate.bench.quality import Pair
from translate.bench.soak import Pace
from translate.errors import SottovoceError
from translate.events import RATE_HZ, AudioChunk, Notice, Samples, Transcript, Translation
from translate.latency import SessionClock
from translate.protocol import LISTENER, SUBPROTOCOL, ClientHello, decode_server, encode_client, text_key
from translate.remote import RemoteSpeaker
from translate.remote.address import RoomAddress
from translate.remote.speaker import Talk

__all__ = ["Listener", "Speaker", "Talking"]

_CHUNK: Final = RATE_HZ // 10
_PAUSE_S: Final = (0.6, 1.6)
_HISTORY: Final = 1200
"""Chunks whose time of sending is remembered: two minutes."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A recording's place in the stream, in milliseconds."""

    recording: Recording
    start_ms: float
    end_ms: float


class Talking:
    """An endless talk: recordings in an order that is drawn anew for each round, with pauses, at ``pace``.

    Args:
        seconds: of sound, after which the recording that is being said is the last one; ``None``: until :meth:`aclose`.
    """

    live = True

    def __init__(self, recordings: Sequence[Recording], pace: Pace, draw: random.Random, seconds: float | None) -> None:
        self._recordings = recordings
        self._pace = pace
        self._draw = draw
        self._most = None if seconds is None else seconds * RATE_HZ
        self._over = asyncio.Event()
        self._sent: deque[tuple[int, float]] = deque(maxlen=_HISTORY)
        self.position = 0
        self.said: deque[_Said] = deque()
        """Recordings that began and whose texts nobody has taken yet."""

    def sent_s(self, end_ms: float) -> float | None:
        """When, on the loop's clock, the sample at ``end_ms`` of the stream was sent; ``None``: too long ago."""
        position = end_ms * RATE_HZ / 1000
        for (_, before_s), (end, at_s) in pairwise(self._sent):
            if end >= position:
                return at_s - (end - position) / _CHUNK * (at_s - before_s)
        return None

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """See :class:`translate.audio.AudioSource`."""
        due_s = asyncio.get_running_loop().time()
        for samples in self._sounds():
            for begin in range(0, len(samples), _CHUNK):
                chunk = samples[begin : begin + _CHUNK]
                due_s = max(due_s + len(chunk) / RATE_HZ / self._pace.rate, asyncio.get_running_loop().time() - 1)
                await asyncio.sleep(due_s - asyncio.get_running_loop().time())
                if self._over.is_set():
                    return
                self._sent.append((self.position + len(chunk), asyncio.get_running_loop().time()))
                yield AudioChunk(chunk, self.position, capture_ms=clock.now_ms(), received_ms=clock.now_ms())
                self.position += len(chunk)

    def _sounds(self) -> Iterator[Samples]:
        while True:
            for recording in self._draw.sample(self._recordings, len(self._recordings)):
                start_ms = self.position * 1000 / RATE_HZ
                self.said.append(_Said(recording, start_ms, start_ms + recording.seconds * 1000))
                yield recording.speech
                yield np.zeros(round(self._draw.uniform(*_PAUSE_S) * RATE_HZ), np.float32)
                if self._most is not None and self.position >= self._most:
                    return

    async def aclose(self) -> None:
        """See :class:`translate.audio.AudioSource`."""
        self._over.set()


@dataclass(slots=True)
class _Tally:
    """What has been measured since somebody last took it."""

    commit_ms: list[float] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    audio_s: float = 0.0
    sessions: int = 0


class Speaker:
    """Talks in one room, session after session; waits when it is told to.

    Args:
        port: of the service.
        recordings: of one language.
        targets: what is translated into for the speaker's own screen.
        session_s: sound of one session; ``None``: one session all the time.
    """

    def __init__(
        self,
        port: int,
        room: str,
        recordings: Sequence[Recording],
        pace: Pace,
        *,
        targets: tuple[str, ...],
        session_s: float | None,
        seed: int,
    ) -> None:
        self.room = room
        self.lang = recordings[0].lang
        self.finals: set[tuple[int, int]] = set()
        """Segment and hash of its text."""
        self.notices = 0
        self.refused = 0
        """Sessions that were to begin later."""
        self._address = RoomAddress("127.0.0.1", port, False, room)
        self._recordings = recordings
        self._pace = pace
        self._talk = Talk(self.lang, targets)
        self._session_s = session_s
        self._draw = random.Random(seed)
        self._tally = _Tally()
        self._recent_ms: deque[tuple[float, float]] = deque(maxlen=400)
        self._source: Talking | None = None
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Talk until :meth:`finish`. Raises SottovoceError when the service refuses or is gone."""
        while not self._over.is_set():
            self._source = source = Talking(self._recordings, self._pace, self._draw, self._session_s)
            try:
                await self._session(source)
            except SottovoceError as error:
                if error.retry_after_s is None:
                    raise
                self.refused += 1  # talks that run go first; who is told when to come back does so
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), error.retry_after_s)
            else:
                self._tally.sessions += 1

    async def finish(self) -> None:
        """End the talk; its last words are still recognised."""
        self._over.set()
        if self._source is not None:
            await self._source.aclose()

    def take(self) -> _Tally:
        """What was measured since the last call."""
        tally, self._tally = self._tally, _Tally()
        return tally

    def recent_ms(self, since_s: float) -> list[float]:
        """Commit latencies of words that were committed since ``since_s`` on the loop's clock."""
        return [delay_ms for at_s, delay_ms in self._recent_ms if at_s >= since_s]

    async def _session(self, source: Talking) -> None:
        loop = asyncio.get_running_loop()
        arrivals: dict[int, list[tuple[int, float]]] = {}
        written: list[tuple[float, str]] = []
        heard_ms = 0.0
        async for event in RemoteSpeaker(source, self._address, self._talk, tls=None):
            if isinstance(event, Notice):
                self.notices += 1
            if not isinstance(event, Transcript):
                continue
            arrivals.setdefault(event.segment, []).append((len(event.committed), loop.time()))
            if event.final:
                self.finals.add((event.segment, hash(event.committed)))
                self._time_words(source, event, arrivals.pop(event.segment))
                written += [(word.end_ms, word.text) for word in event.words]
                self._tally.audio_s += max(0.0, event.end_ms - heard_ms) / 1000
                heard_ms = max(heard_ms, event.end_ms)
                written = self._rate(source, written, heard_ms)
        self._rate(source, written, None)

    def _time_words(self, source: Talking, event: Transcript, arrived: Sequence[tuple[int, float]]) -> None:
        """A word is committed by the first revision whose committed text reaches its end."""
        length = 0
        for word in event.words:
            length += len(word.text)
            at_s = next((at_s for reached, at_s in arrived if reached >= min(length, len(event.committed))), None)
            sent_s = source.sent_s(word.end_ms)
            if at_s is not None and sent_s is not None:
                self._tally.commit_ms.append((at_s - sent_s) * 1000)
                self._recent_ms.append((at_s, (at_s - sent_s) * 1000))

    def _rate(
        self, source: Talking, written: list[tuple[float, str]], heard_ms: float | None
    ) -> list[tuple[float, str]]:
        """Puts words beside the recordings that are over (all of them: ``None``); what is left over."""
        while source.said:
            said = source.said[0]
            border_ms = source.said[1].start_ms - 200 if len(source.said) > 1 else None
            if heard_ms is not None and (border_ms is None or heard_ms < border_ms + 500):
                break
            whole = border_ms is not None or source.position * 1000 / RATE_HZ >= said.end_ms
            source.said.popleft()
            words = [text for end_ms, text in written if border_ms is None or end_ms <= border_ms]
            written = written[len(words) :]
            if said.recording.transcript is not None and whole:
                text = "".join(words)
                self._tally.pairs.append(Pair(self.lang, said.recording.kind, said.recording.transcript, text))
        return written


class Listener:
    """Reads a room in one language all the time, and holds texts against their promises.

    Args:
        port: of the service.
        target: language; ``None``: the spoken one.
    """

    def __init__(self, port: int, room: str, target: str | None) -> None:
        self.room = room
        self.finals: set[tuple[int, int]] = set()
        """Segment and hash of its transcript."""
        self.taken_back = 0
        self.texts = 0
        self.drops = 0
        self._url = f"ws://127.0.0.1:{port}/ws"
        self._target = target
        self._committed: dict[tuple[str, int, str], str] = {}

    async def run(self) -> None:
        """Read until cancelled. Raises SottovoceError when the service is gone."""
        targets = (self._target,) if self._target is not None else ()
        hello = ClientHello(versions=("v1",), role=LISTENER, room=self.room, targets=targets)
        async for socket in connect(
            self._url, subprotocols=[Subprotocol(SUBPROTOCOL)], compression=None, proxy=None, max_size=None
        ):
            try:
                await socket.send(encode_client(hello, seq=1, t_ms=0))
                async for frame in socket:
                    self._read(decode_server(frame).message)
            except ConnectionClosed:
                pass
            self.drops += 1

    def _read(self, message: object) -> None:
        if not isinstance(message, (Transcript, Translation)):
            return
        self.texts += 1
        key = text_key(message)
        self.taken_back += not message.committed.startswith(self._committed.get(key, ""))
        self._committed[key] = message.committed
        if message.final:
            del self._committed[key]
            if isinstance(message, Transcript):
                self.finals.add((message.segment, hash(message.committed)))
