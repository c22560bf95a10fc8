"""Runs a soak: starts the service, lets people talk and read, and takes a measurement at every interval."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from translate.bench.material import Recording
from translate.bench.quality import word_errors
from translate.bench.soak import Pace, Sample
from translate.bench.soak_service import Service, serving
from translate.bench.soak_talk import Listener, Speaker
from translate.bench.spread import Spread
from translate.config import Config
from translate.errors import ConfigError
from translate.tasks import Supervisor

__all__ = ["Plan", "Soak", "soak"]

_LOOK_S: Final = 15.0
"""How often the pace is looked at."""
_SESSION_S: Final = 180.0
"""Sound of a session; the first speaker's session lasts all the time."""
_LAST_WORDS_S: Final = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do."""

    seconds: float
    recordings: tuple[Recording, ...]
    """Each speaker takes those of one language, as far as there are languages."""
    targets: tuple[str, ...] = ()
    """Each room has a listener of every one of them, and one of what is spoken."""
    most_speakers: int = 8
    interval_s: float = 60.0
    log: Path | None = None
    """File for what the service says."""

    @property
    def search_s(self) -> float:
        """Time for finding the pace, at the beginning."""
        return min(300.0, self.seconds / 6)


@dataclass(frozen=True, slots=True)
class Soak:
    """What was measured."""

    samples: tuple[Sample, ...]
    missed: int
    """Final texts of speakers that some listener of the room has not seen as they are."""
    texts: int
    """Texts that listeners received."""
    drops: int
    """Connections of listeners that broke before the end."""
    refused: int
    """Sessions that were to begin later, because those that ran were late."""


async def soak(config: Config, plan: Plan, done: Callable[[Sample], None]) -> Soak:
    """Do it; ``done`` hears of each interval as it ends.

    Raises:
        ConfigError: this system is not Linux, or there is nothing to say.
        SottovoceError: the service ended, or refuses what it should take.
    """
    if not sys.platform.startswith("linux"):
        raise ConfigError("soak reads the processes' figures from /proc; run it on Linux")
    if not plan.recordings:
        raise ConfigError("the material has no speech to soak the service with")
    async with serving(config, plan.log) as service:
        return await _Run(service, plan, done).go((await service.stats())["capacity"])


class _Run:
    def __init__(self, service: Service, plan: Plan, done: Callable[[Sample], None]) -> None:
        self._service = service
        self._plan = plan
        self._done = done
        self._pace = Pace()
        self._speakers: list[Speaker] = []
        self._listeners: list[Listener] = []
        self._samples: list[Sample] = []

    async def go(self, capacity: int) -> Soak:
        self._invite(min(capacity, self._plan.most_speakers))
        tasks = Supervisor("soak", failed=lambda _name, _error: None)  # raised below
        reading = [tasks.start(one.run(), "listener") for one in self._listeners]
        talking = [tasks.start(one.run(), "speaker") for one in self._speakers]
        watching = tasks.start(self._watch(), "watch")
        try:
            await asyncio.wait({watching, *talking, *reading}, return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():  # somebody has failed; say why
                for task in (*talking, *reading):
                    if task.done():
                        task.result()
            await watching
            for speaker in self._speakers:
                await speaker.finish()
            async with asyncio.timeout(_LAST_WORDS_S):
                for talk in talking:
                    await talk
            await asyncio.sleep(1)  # the last texts are on their way to listeners
        finally:
            await tasks.aclose()
        texts, drops = (sum(getattr(one, name) for one in self._listeners) for name in ("texts", "drops"))
        refused = sum(speaker.refused for speaker in self._speakers)
        return Soak(tuple(self._samples), self._missed(), texts, drops, refused)

    def _invite(self, speakers: int) -> None:
        langs = list(dict.fromkeys(recording.lang for recording in self._plan.recordings))
        for number in range(max(1, speakers)):
            lang = langs[number % len(langs)]
            room = f"soak-{number + 1}"
            targets = tuple(target for target in self._plan.targets if target != lang)
            self._speakers.append(
                Speaker(
                    self._service.port,
                    room,
                    [recording for recording in self._plan.recordings if recording.lang == lang],
                    self._pace,
                    targets=targets,
                    session_s=None if number == 0 and speakers > 1 else _SESSION_S,
                    seed=number,
                )
            )
            self._listeners += [Listener(self._service.port, room, target) for target in (None, *targets)]

    async def _watch(self) -> None:
        """Looks at the pace often, and takes a sample at the end of each interval."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        steady, due_s = False, start_s + self._plan.interval_s
        while loop.time() < start_s + self._plan.seconds:
            await asyncio.sleep(min(_LOOK_S, max(0.0, due_s - loop.time())))
            now_s = loop.time()
            recent = [delay for speaker in self._speakers for delay in speaker.recent_ms(now_s - 2 * _LOOK_S)]
            if now_s - start_s > _LOOK_S:
                self._pace.heard(statistics.median(recent) if recent else None)
            if now_s >= due_s:
                due_s += self._plan.interval_s
                self._take(now_s - start_s, steady, await self._service.stats())
                steady = self._pace.found  # an interval counts when all of it had the pace that was found
            self._pace.found = self._pace.found or now_s - start_s >= self._plan.search_s

    def _take(self, at_s: float, steady: bool, stats: dict[str, Any]) -> None:
        tallies = [speaker.take() for speaker in self._speakers]
        pairs = [pair for tally in tallies for pair in tally.pairs]
        sample = Sample(
            at_s=at_s,
            steady=steady,
            rate=self._pace.rate,
            load=os.getloadavg()[0],
            audio_s=sum(tally.audio_s for tally in tallies),
            server=self._service.own(),
            worker=self._service.others(),
            commit=Spread.of([delay for tally in tallies for delay in tally.commit_ms]),
            errors=word_errors(pairs) if pairs else None,
            sessions=sum(tally.sessions for tally in tallies),
            restarts=sum(stats.get("restarts", {}).values()),
            notices=sum(speaker.notices for speaker in self._speakers),
            taken_back=sum(listener.taken_back for listener in self._listeners),
        )
        self._samples.append(sample)
        self._done(sample)

    def _missed(self) -> int:
        return sum(
            len(speaker.finals - listener.finals)
            for speaker in self._speakers
            for listener in _of_room(self._listeners, speaker.room)
        )


def _of_room(listeners: Sequence[Listener], room: str) -> list[Listener]:
    return [listener for listener in listeners if listener.room == room]
