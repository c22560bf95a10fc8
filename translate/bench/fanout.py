"""How long a room full of readers waits for a text, and what each of them costs: the real server, real sockets.

A session that does nothing but talk takes the place of recognition; readers live in a process of their own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from rich.table import Table
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from translate.audio import AudioSource
from translate.config import Config, Limits, ServerConfig
from translate.errors import SottovoceError
from translate.events import EndOfStream, Event, Marks, Transcript, Translation
from translate.latency import SessionClock
from translate.protocol import SPEAKER, SUBPROTOCOL, ClientHello, encode_client
from translate.server.app import Server
from translate.server.http.open_files import allow_open_files
from translate.tasks import Supervisor
from translate.usage import rss_bytes

__all__ = ["LISTENERS", "SECONDS", "Delays", "Fanout", "measure", "table"]

LISTENERS: Final = (500, 2000)
SECONDS: Final = 20.0
_UPDATE_S: Final = 0.4
"""Pause between revisions, as recognition makes them."""
_WORDS: Final = 14
"""Words of a segment, after which it is final."""
_TARGETS: Final = ("de", "es", "fr")
_SAID: Final = tuple(
    "and so the committee decided that the new bridge should be built further up the river".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds, over all messages to all listeners."""

    p50: float
    p99: float
    worst: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Delays:
        """Percentiles, interpolated linearly. Raises ``SottovoceError`` when nothing was measured."""
        if not len(values):
            raise SottovoceError("no listener received anything")
        return cls(*(float(value) for value in np.percentile(np.asarray(values, float), (50, 99, 100))))


@dataclass(frozen=True, slots=True)
class Fanout:
    """What one size of room was like; times in milliseconds."""

    listeners: int
    texts: int
    """Published during the measurement; a listener is sent half of them (transcripts, and one language of three)."""
    messages: int
    """Received by all listeners together."""
    behind: int
    """Last revisions of a transcript or a translation that a listener should have had at the end and had not."""
    written: Delays
    """From a text's publication to its being written to a listener's socket."""
    received: Delays
    """From a text's publication to its arrival in the readers' process, which has work of its own to do."""
    cpu_share: float
    """Of one core, by the server, while it spoke."""
    memory_bytes: int | None
    """That each listener added to the server's process."""
    bytes_per_s: float
    """To one listener, without the headers of WebSocket, TCP and IP."""


class _Talk:
    """A session that says the same sentence again and again in four languages once it is told to."""

    def __init__(self, seconds: float, targets: Sequence[str]) -> None:
        self.started_s = time.monotonic()
        self.clock = SessionClock()
        self.going = asyncio.Event()
        self.texts = 0
        self._seconds = seconds
        self._targets = tuple(targets)

    def set_targets(self, targets: Sequence[str]) -> None:
        self._targets = tuple(targets)

    def set_spoken(self, code: str) -> None:
        """It cannot."""

    async def aclose(self) -> None:
        """Nothing is open."""

    async def __aiter__(self) -> AsyncIterator[Event]:
        await self.going.wait()
        loop = asyncio.get_running_loop()
        end_s, due_s, step = loop.time() + self._seconds, loop.time(), 0
        while due_s < end_s:
            segment, words = divmod(step, _WORDS)
            for event in self._texts(segment, words + 1):
                self.texts += 1
                yield event
            step, due_s = step + 1, due_s + _UPDATE_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))
        yield EndOfStream(0)

    def _texts(self, segment: int, words: int) -> list[Event]:
        now_ms = self.clock.now_ms()
        marks = Marks(capture=now_ms - 500, received=now_ms - 490, vad=now_ms - 480, asr_start=now_ms - 400)
        marks = dataclasses.replace(marks, asr_end=now_ms)
        committed, tail = " ".join(_SAID[:words]), " and what comes next"
        final = words == _WORDS
        tail = "" if final else tail
        said = Transcript(segment, words, "en", committed, tail, final, 0, 400 * words, (), marks)
        marks = dataclasses.replace(marks, mt_start=now_ms, mt_end=now_ms)
        return [said, *(Translation(segment, words, t, committed, tail, final, words, marks) for t in self._targets)]


class _Backend:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.talk: _Talk | None = None

    def capacity(self) -> int:
        return 1

    def restarts(self) -> Mapping[str, int]:
        return {}

    def sources(self) -> Sequence[str]:
        return ("en",)

    def targets_for(self, source: str) -> Sequence[str]:
        return _TARGETS

    def open_session(
        self, source: AudioSource, *, spoken: str, targets: Sequence[str], allowed: Sequence[str], mode: str
    ) -> _Talk:
        self.talk = _Talk(self._seconds, targets)
        return self.talk

    async def translate_final(self, transcript: Transcript, target: str) -> str:
        return transcript.committed


async def measure(listeners: int, seconds: float) -> Fanout:
    """A room of ``listeners`` that is talked to for ``seconds``.

    Raises:
        SottovoceError: the system does not allow so many connections, or the readers' process failed.
    """
    if allow_open_files(listeners + 16) < listeners + 16:
        raise SottovoceError(f"this system allows too few open files for {listeners} listeners; raise it (ulimit -n)")
    limits = Limits(
        connections=listeners + 16, connects_per_s=100_000, unfinished=100_000, unfinished_per_address=100_000
    )
    backend = _Backend(seconds)
    server = Server(Config(server=ServerConfig(port=0), limits=limits), backend)
    address = await server.start()
    tasks = Supervisor("fan-out")
    try:
        return await _fill(server, backend, address.port, listeners, tasks)
    finally:
        await tasks.aclose()
        await server.stop()


async def _fill(server: Server, backend: _Backend, port: int, listeners: int, tasks: Supervisor) -> Fanout:
    async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None) as speaker:
        await speaker.send(encode_client(ClientHello(versions=("v1",), role=SPEAKER, source="en"), seq=1, t_ms=0))
        await speaker.recv()
        talk = backend.talk
        assert talk is not None  # the speaker was answered
        before_bytes = rss_bytes()
        readers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "translate.bench.readers", str(port), str(listeners), ",".join(_TARGETS),
            stdout=asyncio.subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert readers.stdout is not None
        if await readers.stdout.readline() != b"ready\n":
            raise SottovoceError(f"the readers' process ended with status {await readers.wait()}")
        after_bytes = rss_bytes()
        tasks.start(_drain(speaker), "what the speaker gets")
        cpu_s, start_s = time.process_time(), time.monotonic()
        talk.going.set()
        answer = json.loads(await readers.stdout.read())
        busy_s, took_s = time.process_time() - cpu_s, time.monotonic() - start_s
        await readers.wait()
    memory = None if None in (before_bytes, after_bytes) else ((after_bytes or 0) - (before_bytes or 0)) // listeners
    return _result(listeners, talk, answer, busy_s / took_s, memory)


async def _drain(speaker: Any) -> None:
    async for _ in speaker:
        pass


def _result(listeners: int, talk: _Talk, answer: dict[str, Any], cpu_share: float, memory_bytes: int | None) -> Fanout:
    zero_ms = talk.started_s * 1000
    seconds = talk.texts // (1 + len(_TARGETS)) * _UPDATE_S
    return Fanout(
        listeners=listeners,
        texts=talk.texts,
        messages=answer["messages"],
        behind=answer["behind"],
        written=Delays.of(answer["written"]),
        received=Delays.of([at - zero_ms for at in answer["received"]]),
        cpu_share=cpu_share,
        memory_bytes=memory_bytes,
        bytes_per_s=answer["bytes"] / listeners / seconds,
    )


def table(found: Sequence[Fanout]) -> Table:
    """For people."""
    made = Table(
        title="Readers of one room; from a text's publication, in ms", title_justify="left", title_style="bold"
    )
    columns = ("listeners", "written p50", "p99", "worst", "received p50", "p99", "worst", "behind", "CPU", "kB each")
    for column in columns:
        made.add_column(column, justify="right")
    for one in found:
        delays = (f"{value:.1f}" for each in (one.written, one.received) for value in (each.p50, each.p99, each.worst))
        memory = "-" if one.memory_bytes is None else f"{one.memory_bytes / 1000:.0f}"
        made.add_row(str(one.listeners), *delays, str(one.behind), f"{one.cpu_share:.2f}", memory)
    return made
