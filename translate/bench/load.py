"""How many people can speak at once before the captions of all come late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from translate.bench.clock import Clock, run
from translate.bench.latency import timings
from translate.bench.material import Recording
from translate.bench.record import Open, Run, record
from translate.bench.spread import Spread

__all__ = ["LATEST_MS", "Step", "held", "measure"]

LATEST_MS = 2500.0
"""A median commit latency above this is no longer live."""
_APART_MS = 370.0
"""Speakers start this long after one another, or all of them would ask for the engine in the same moment."""


@dataclass(frozen=True, slots=True)
class Step:
    """Commit latency of all words, in milliseconds, with a number of speakers at once."""

    speakers: int
    commit: Spread | None


def held(steps: Sequence[Step]) -> int:
    """The most speakers with a median below twice that of one, and below :data:`LATEST_MS`."""
    if not steps or steps[0].commit is None:
        return 0
    alone_ms = steps[0].commit.median
    good = 0
    for step in steps:
        if step.commit is None or step.commit.median > min(2 * alone_ms, LATEST_MS):
            break
        good = step.speakers
    return good


def measure(
    open_captions: Open, recordings: Sequence[Recording], clock: Clock, most: int, done: Callable[[Step], None]
) -> list[Step]:
    """One speaker, two, and so on, until the captions come late or ``most`` speak; ``done`` hears of each step.

    Each speaker says another recording, as far as there are.
    """
    steps: list[Step] = []
    for speakers in range(1, most + 1):
        runs = run(_together(open_captions, recordings, speakers), clock)
        words = [timing.commit_ms for one in runs for timing in timings(one)]
        steps.append(Step(speakers, Spread.of(words)))
        done(steps[-1])
        if held(steps) < speakers:
            break
    return steps


async def _together(open_captions: Open, recordings: Sequence[Recording], speakers: int) -> list[Run]:
    async with asyncio.TaskGroup() as group:
        talks = [
            group.create_task(record(open_captions, recordings[i % len(recordings)], delay_ms=i * _APART_MS))
            for i in range(speakers)
        ]
    return [talk.result() for talk in talks]
