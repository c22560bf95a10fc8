"""How many speakers this machine can follow: one model of it, measured once with the real engine, and remembered.

Whoever speaks of capacity asks :class:`Capacity`: admission refuses by it, ``sottovoce doctor`` foretells it, and
``sottovoce bench load`` holds what it measures against it.

Admission by a number that somebody guessed either refuses people whom the machine could serve or ruins captions that
already run. So the engine recognises a sample recording a few times at start, as a session would; the result is kept
in the cache under a fingerprint of model, settings and machine. What else the machine does can only make a measurement
worse, so the best one counts, and each later start has a try.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from translate.atomic import replacing
from translate.config import AsrConfig
from translate.events import RATE_HZ, Samples
from translate.resources import web_folder
from translate.speech.threads import Lanes

__all__ = ["Capacity", "measured_capacity", "remembered_capacity"]

log = logging.getLogger(__name__)

_SLOWEST_CADENCE_MS: Final = 1200
"""The longest cadence that still feels live: an update each 1.2 s shows words about a second after they were said."""
_BUSY_LANE: Final = 0.8
"""Share of its time in which a lane may be recognising; the rest is chance's."""
_BUSY_CORES: Final = 0.6
"""Share of the machine that recognition may take; the rest is for translation and pages."""
_ROUNDS: Final = 5
_FILE: Final = "capacity.json"


class _Engine(Protocol):
    """What is measured: a :class:`~translate.speech.engine.RecognitionEngine`."""

    def encode(self, audio: Samples) -> Any: ...

    def decode(self, window: Any, language: str, *, max_tokens: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class Capacity:
    """What recognition can do on a machine: lanes, and how long an update takes in one while all are busy. Pure."""

    update_ms: float
    """Duration of one update."""
    lanes: Lanes

    @property
    def speakers(self) -> int:
        """Speakers at once that are let in: as many as get an update every 1.2 s.

        At least one: a machine that is too slow for one is told so by the lag of that one.
        """
        return max(1, self.speakers_at(_SLOWEST_CADENCE_MS))

    def speakers_at(self, cadence_ms: float) -> int:
        """Speakers whose updates, one every ``cadence_ms``, the lanes can do beside other work; may be none."""
        lanes = self.lanes
        share_of_cores = max(_BUSY_LANE, _BUSY_CORES * lanes.cores / lanes.threads)
        room = min(_BUSY_LANE * lanes.count, share_of_cores)
        return int(room * cadence_ms // self.update_ms) if self.update_ms > 0 else 0

    @property
    def cadence_ms(self) -> float:
        """The shortest cadence at which one speaker can be followed."""
        return self.update_ms / _BUSY_LANE


def measured_capacity(
    engine: _Engine,
    model: str,
    config: AsrConfig,
    cache: Path,
    *,
    lanes: Lanes | None = None,
    now_s: Callable[[], float] = time.perf_counter,
) -> Capacity:
    """The capacity of ``engine``, measured now (a second or two the first time, else one update) and earlier.

    What is timed is an update of a window as long as windows get, while every lane has one; the shortest seen counts.

    Args:
        engine: recognition.
        model: its name or path.
        config: its settings.
        cache: folder to remember the result in; when it cannot be written, it is measured again the next time.
        lanes: how it shares the machine; ``None``: one session at a time.
        now_s: a clock.
    """
    lanes = lanes or Lanes(1, 1)
    path = cache / _FILE
    key = _fingerprint(model, config, lanes)
    known = _read(path)
    rounds = _ROUNDS if key not in known else 1
    update_ms = min(_update_ms(engine, config, lanes.count, rounds, now_s), known.get(key, math.inf))
    if update_ms != known.get(key):
        known = {key: update_ms}  # of other settings nothing needs to be remembered
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(json.dumps(known).encode())
        except OSError as error:
            log.warning("cannot remember the capacity in %s: %s", path, error.strerror)
    capacity = Capacity(update_ms, lanes)
    log.info("an update takes %.0f ms here: up to %d speakers at once", capacity.update_ms, capacity.speakers)
    return capacity


def remembered_capacity(model: str, config: AsrConfig, cache: Path, lanes: Lanes) -> Capacity | None:
    """What :func:`measured_capacity` has remembered of this model, these settings and this machine."""
    update_ms = _read(cache / _FILE).get(_fingerprint(model, config, lanes))
    return Capacity(update_ms, lanes) if update_ms is not None else None


def _update_ms(engine: _Engine, config: AsrConfig, at_once: int, rounds: int, now_s: Callable[[], float]) -> float:
    from translate.audio.decode import Decoder

    samples = config.window_ms * RATE_HZ // 1000
    with closing(Decoder(web_folder() / "samples" / "en.flac")) as decoder:
        audio = decoder.read(samples)[:samples]
    durations_ms = []
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(rounds):
            began_s = now_s()
            updates = [pool.submit(_update, engine, audio) for _ in range(at_once)]
            for update in updates:
                update.result()
            durations_ms.append((now_s() - began_s) * 1000)
    return min(durations_ms)


def _update(engine: _Engine, audio: Samples) -> None:
    engine.decode(engine.encode(audio), "en", max_tokens=100)


_EDITION: Final = 3
"""Counted up when recognition takes another time on the same machine: what was measured before means nothing then."""


def _fingerprint(model: str, config: AsrConfig, lanes: Lanes) -> str:
    facts = (
        _EDITION, model, config.compute_type, config.threads, config.window_ms, config.pad_ms, lanes,
        platform.machine(), _processor(), version("ctranslate2"),
    )  # fmt: skip
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _read(path: Path) -> dict[str, float]:
    try:
        known = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {k: float(v) for k, v in known.items() if isinstance(v, int | float) and np.isfinite(v) and v > 0}
