"""What can go wrong with the sound of a talk: recordings that are spoilt in the middle, and sources that stutter."""

from __future__ import annotations

import math
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from translate.audio import AudioSource
from translate.bench import disturb
from translate.bench.material import Part, Recording, Stretch, assemble
from translate.events import RATE_HZ, AudioChunk, Notice, Samples
from translate.latency import SessionClock

__all__ = ["SILENCE_S", "TROUBLES", "BurstySource", "Case", "Company", "case", "company"]

TROUBLES: Mapping[str, str] = {
    "clipped": "20 dB too loud, cut off",
    "telephone": "8 kHz telephone",
    "whispered": "whispered",
    "voice-10": "2nd voice, 10 dB lower",
    "voice-0": "2nd voice, as loud",
    "music": "music, 10 dB lower",
    "silence": "5 minutes of silence",
    "bursts": "bursts, 0.5-3 s late",
    "monologue": "no pause at all",
}
"""Every trouble by its name, in words."""
SILENCE_S = 300
"""How long the silence is."""
_CHORDS_S = 8
_FLOOR = 0.0003
"""Noise of a quiet room with a good microphone: -70 dB of full scale."""
_SHORTEST_HOLD_MS, _LONGEST_HOLD_MS = 500.0, 3000.0


@dataclass(frozen=True, slots=True)
class Company:
    """What can be heard beside a talk."""

    voice: Samples
    """Somebody else who speaks."""
    music: Samples


def company(talks: Sequence[Recording], music: Samples | None) -> list[Company]:
    """What can be heard beside each of ``talks``: its own last speakers, or the next talk where those are the same.

    Args:
        talks: recordings of six parts or more.
        music: ``None``: plain chords.
    """
    found = []
    for i, talk in enumerate(talks):
        _, middle, last = talk.thirds
        same = {part.clip.id for part in middle.parts} & {part.clip.id for part in last.parts}
        voice = talks[(i + 1) % len(talks)].speech if same else talk.between(last.from_ms, last.to_ms)
        found.append(Company(voice, music if music is not None else disturb.chords(_CHORDS_S)))
    return found


@dataclass(frozen=True, slots=True)
class Case:
    """A recording with a trouble, and where it is."""

    trouble: str
    recording: Recording
    during: Stretch
    after: Stretch
    """When it is over; empty where it lasts."""
    clean_during: Stretch
    """The same in the talk itself."""
    clean_after: Stretch
    wrap: Callable[[AudioSource], AudioSource] = lambda source: source
    """What becomes of the source that plays it."""


def case(trouble: str, talk: Recording, beside: Company, seed: int = 0) -> Case:
    """``talk`` with ``trouble`` in its middle third; ``monologue`` is all of it.

    Args:
        trouble: one of :data:`TROUBLES`.
        talk: a recording of six parts or more (:func:`translate.bench.material.join`).

    Raises:
        ValueError: too few parts.
    """
    if not talk.thirds:
        raise ValueError(f"{talk.id} has too few parts to tell its beginning, middle and end")
    if trouble == "monologue":
        return _monologue(talk)
    if trouble == "silence":
        return _silence(talk, seed)
    _, middle, last = talk.thirds
    if trouble == "bursts":
        bursts = partial(BurstySource, from_ms=middle.from_ms, to_ms=middle.to_ms, seed=seed)
        return Case(trouble, talk, middle, last, middle, last, bursts)
    start, end = (round(ms * RATE_HZ / 1000) for ms in (middle.from_ms, middle.to_ms))
    spoilt = _spoilt(trouble, talk.samples[start:end], beside, seed)
    samples = np.concatenate([talk.samples[:start], spoilt, talk.samples[end:]])
    return Case(trouble, replace(talk, samples=samples), middle, last, middle, last)


def _spoilt(trouble: str, samples: Samples, beside: Company, seed: int) -> Samples:
    makers: dict[str, Callable[[], Samples]] = {
        "clipped": lambda: disturb.clipped(samples),
        "telephone": lambda: disturb.telephone(samples),
        "whispered": lambda: disturb.whispered(samples, seed),
        "voice-10": lambda: disturb.mixed(samples, beside.voice, 10),
        "voice-0": lambda: disturb.mixed(samples, beside.voice, 0),
        "music": lambda: disturb.mixed(samples, beside.music, 10),
    }
    return makers[trouble]()


def _monologue(talk: Recording) -> Case:
    """Every pause cut out, between the parts and within them."""
    parts = [(part.clip, disturb.without_pauses(talk.between(part.start_ms, part.end_ms))) for part in talk.parts]
    recording = replace(assemble(f"{talk.id}, monologue", parts, [0.0] * len(parts)), kind=talk.kind)
    nothing = Stretch((), math.inf, math.inf)
    whole, clean = (Stretch(one.parts, 0.0, math.inf) for one in (recording, talk))
    return Case("monologue", recording, whole, nothing, clean, nothing)


def _silence(talk: Recording, seed: int) -> Case:
    """Minutes of a quiet room after the first third, and then the rest."""
    first, middle, last = talk.thirds
    at = round(first.to_ms * RATE_HZ / 1000)
    quiet = (np.random.default_rng(seed).standard_normal(SILENCE_S * RATE_HZ) * _FLOOR).astype(np.float32)
    samples = np.concatenate([talk.samples[:at], quiet, talk.samples[at:]])
    over_ms = first.to_ms + SILENCE_S * 1000
    rest = tuple(_later(part, SILENCE_S * 1000) for part in (*middle.parts, *last.parts))
    return Case(
        "silence",
        replace(talk, samples=samples, parts=(*first.parts, *rest)),
        Stretch((), first.to_ms, over_ms),
        Stretch(rest, over_ms, math.inf),
        Stretch((), first.to_ms, first.to_ms),
        Stretch((*middle.parts, *last.parts), first.to_ms, math.inf),
    )


def _later(part: Part, by_ms: float) -> Part:
    return replace(part, start_ms=part.start_ms + by_ms, end_ms=part.end_ms + by_ms)


class BurstySource:
    """A source whose device stutters: for a while its chunks are held, for 0.5 to 3 s each time, and come at once.

    Args:
        source: what it plays.
        from_ms: where in the stream the stutter begins.
        to_ms: where it ends.
        seed: draws how long is held.
    """

    def __init__(self, source: AudioSource, from_ms: float, to_ms: float, seed: int = 0) -> None:
        self._source = source
        self._from_ms, self._to_ms = from_ms, to_ms
        self._draw = random.Random(seed)
        self.live = source.live

    async def stream(self, clock: SessionClock) -> AsyncIterator[AudioChunk | Notice]:
        """See :class:`translate.audio.AudioSource`."""
        held: list[AudioChunk] = []
        until_ms = 0.0
        async for item in self._source.stream(clock):
            if not isinstance(item, AudioChunk):
                yield item
                continue
            at_ms = item.end * 1000 / RATE_HZ
            if not held:
                until_ms = min(self._to_ms, at_ms + self._draw.uniform(_SHORTEST_HOLD_MS, _LONGEST_HOLD_MS))
            held.append(item)
            if at_ms < self._from_ms or at_ms >= until_ms:
                for chunk in _arriving(held, clock):
                    yield chunk
                held = []
        for chunk in _arriving(held, clock):
            yield chunk

    async def aclose(self) -> None:
        """See :class:`translate.audio.AudioSource`."""
        await self._source.aclose()


def _arriving(held: list[AudioChunk], clock: SessionClock) -> list[AudioChunk]:
    return [replace(chunk, received_ms=max(chunk.received_ms, clock.now_ms())) for chunk in held]
