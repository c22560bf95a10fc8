"""Recordings to measure on: clips with transcripts and translations from a folder with a ``manifest.tsv``.

Columns (tab-separated, as Python's ``csv`` writes them): ``file`` and ``lang`` are needed; ``id``, ``seconds``,
``kind``, ``transcript``, ``transcript_status``, ``translations`` (``lang:text``, several joined by `` ||| ``) and
``english`` (a translation) are not. ``lang`` is ``none`` or ``music`` where nobody speaks; a song has a transcript.
"""

from __future__ import annotations

import csv
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from translate.audio.decode import Decoder
from translate.errors import ConfigError
from translate.events import RATE_HZ, Samples
from translate.resources import web_folder

__all__ = ["SPEECHLESS", "Clip", "Part", "Recording", "Stretch", "assemble", "join", "load_material", "read", "select"]

SPEECHLESS = frozenset({"none", "music"})
"""What stands for the language of a clip in which nobody speaks."""
_TRAILING = RATE_HZ
"""A second of silence after a recording, as after a person: its last words wait for the detector as they do in life."""
_LEAST_PARTS = 6
"""A third of fewer is a clip: it tells of the clip, not of the beginning or the end."""
_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.3, 2.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One file of the material, not yet read."""

    id: str
    lang: str
    path: Path
    kind: str = "speech"
    transcript: str | None = None
    """What is said, as its publisher wrote it; ``None``: unknown, or drafted by a recognizer, so no measure."""
    translations: Mapping[str, str] = field(default_factory=dict)
    wordless: bool = False
    """Nobody speaks, and nobody sings words."""


@dataclass(frozen=True, slots=True)
class Part:
    """One clip within a recording. Milliseconds from the recording's first sample."""

    clip: Clip
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some clips of a recording that follow one another. Milliseconds from the recording's first sample."""

    parts: tuple[Part, ...]
    from_ms: float
    to_ms: float

    @property
    def transcript(self) -> str | None:
        """What is said; ``None`` unless it is known of every part."""
        return _joined([part.clip.transcript for part in self.parts])


@dataclass(frozen=True, slots=True)
class Recording:
    """Audio for one session: a clip, or clips of one language joined with pauses, and a second of silence."""

    id: str
    lang: str
    kind: str
    samples: Samples
    parts: tuple[Part, ...]

    @property
    def speech(self) -> Samples:
        """The audio without the silence after it."""
        return self.samples[:-_TRAILING]

    @property
    def seconds(self) -> float:
        """Length without the silence after it."""
        return len(self.speech) / RATE_HZ

    @property
    def transcript(self) -> str | None:
        """What is said; ``None`` unless it is known of every part."""
        return _joined([part.clip.transcript for part in self.parts])

    @property
    def thirds(self) -> tuple[Stretch, ...]:
        """The beginning, the middle and the end, cut in the middle of pauses; nothing where there are few parts."""
        size = len(self.parts) // 3
        if len(self.parts) < _LEAST_PARTS:
            return ()
        pieces = (self.parts[:size], self.parts[size:-size], self.parts[-size:])
        cuts = [(before[-1].end_ms + after[0].start_ms) / 2 for before, after in itertools.pairwise(pieces)]
        places = (0.0, *cuts, math.inf)
        return tuple(Stretch(piece, *places[i : i + 2]) for i, piece in enumerate(pieces))

    def between(self, from_ms: float, to_ms: float) -> Samples:
        """The audio between two places, without the silence after the recording."""
        last_ms = self.seconds * 1000
        start, end = (round(min(ms, last_ms) * RATE_HZ / 1000) for ms in (from_ms, to_ms))
        return self.samples[start:end]

    def translation(self, lang: str) -> str | None:
        """What is said, in ``lang``; ``None`` unless it is known of every part."""
        return _joined([part.clip.translations.get(lang) for part in self.parts])


def load_material(folder: Path | None = None) -> list[Clip]:
    """The clips of ``folder``; ``None``: the five samples that ship with the pages.

    Raises:
        ConfigError: there is no manifest, or a row of it names no file that is there.
    """
    folder = folder or web_folder() / "samples"
    manifest = folder / "manifest.tsv"
    try:
        with manifest.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines, dialect="excel-tab"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read {manifest}: {reason}; the bench needs a folder with a manifest.tsv") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{manifest} is not tab-separated UTF-8 text: {error}") from error
    return [_clip(folder, manifest, number, row) for number, row in enumerate(rows, 2)]


def _clip(folder: Path, manifest: Path, number: int, row: Mapping[str, str | None]) -> Clip:
    file, lang = row.get("file"), row.get("lang")
    if not file or not lang:
        raise ConfigError(f"{manifest}, line {number}: a clip needs a file and a lang")
    path = folder / file
    if not path.is_file():
        raise ConfigError(f"{manifest}, line {number}: there is no file {path}")
    known = (row.get("transcript_status") or "shipped") == "shipped" and lang not in SPEECHLESS
    return Clip(
        id=row.get("id") or path.stem,
        lang=lang,
        path=path,
        kind=row.get("kind") or ("speech" if lang not in SPEECHLESS else lang),
        transcript=(row.get("transcript") or None) if known else None,
        translations=_translations(row),
        wordless=lang in SPEECHLESS and not row.get("transcript"),
    )


def _translations(row: Mapping[str, str | None]) -> dict[str, str]:
    found = {"en": row["english"]} if row.get("english") else {}
    for part in (row.get("translations") or "").split(" ||| "):
        lang, colon, text = part.partition(":")
        if colon and text.strip():
            found[lang.strip()] = text.strip()
    return {lang: text for lang, text in found.items() if text}


def select(clips: Sequence[Clip], *, langs: Sequence[str] = (), limit: int | None = None, seed: int = 0) -> list[Clip]:
    """At most ``limit`` clips of each language (drawn by ``seed``, in the manifest's order), of ``langs`` if any."""
    wanted = [clip for clip in clips if not langs or clip.lang in langs]
    if limit is None:
        return wanted
    draw = random.Random(seed)
    drawn: set[int] = set()
    for lang in dict.fromkeys(clip.lang for clip in wanted):
        places = [i for i, clip in enumerate(wanted) if clip.lang == lang]
        drawn.update(draw.sample(places, min(limit, len(places))))
    return [wanted[i] for i in sorted(drawn)]


def read(clip: Clip) -> Recording:
    """The clip as a recording of its own. Raises AudioError."""
    samples = _samples(clip.path)
    return assemble(clip.id, [(clip, samples)], [0.0])


def join(clips: Sequence[Clip], *, minutes: float, seed: int = 0) -> Recording:
    """Clips of one language, in an order drawn by ``seed``, with pauses of 0.3 to 2 s between them.

    Clips whose transcript is unknown are left out while others are known. When all have been used they begin anew,
    until ``minutes`` are full; the recording ends with a whole clip.

    Raises:
        ValueError: no clips, or clips of several languages.
        AudioError: a clip cannot be read.
    """
    if len({clip.lang for clip in clips}) != 1:
        raise ValueError("clips of exactly one language can be joined")
    clips = [clip for clip in clips if clip.transcript is not None] or list(clips)
    draw = random.Random(seed)
    read_before: dict[str, Samples] = {}
    parts: list[tuple[Clip, Samples]] = []
    pauses: list[float] = []
    length_s = 0.0
    while length_s < minutes * 60:
        for clip in draw.sample(clips, len(clips)):
            samples = read_before.setdefault(clip.id, _samples(clip.path))
            pauses.append(draw.uniform(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S) if parts else 0.0)
            parts.append((clip, samples))
            length_s += pauses[-1] + len(samples) / RATE_HZ
            if length_s >= minutes * 60:
                break
    return assemble(f"{clips[0].lang}-{minutes:g}min", parts, pauses)


def assemble(name: str, clips: Sequence[tuple[Clip, Samples]], pauses_s: Sequence[float]) -> Recording:
    """Clips with their samples one after the other, each after a pause, and a second of silence."""
    pieces: list[Samples] = []
    parts: list[Part] = []
    at = 0
    for (clip, samples), pause_s in zip(clips, pauses_s, strict=True):
        pause = round(pause_s * RATE_HZ)
        start, at = at + pause, at + pause + len(samples)
        pieces += [np.zeros(pause, np.float32), samples]
        parts.append(Part(clip, start * 1000 / RATE_HZ, at * 1000 / RATE_HZ))
    pieces.append(np.zeros(_TRAILING, np.float32))
    kinds = {clip.kind for clip, _ in clips}
    kind = kinds.pop() if len(clips) == 1 else "long form"
    return Recording(name, clips[0][0].lang, kind, np.concatenate(pieces), tuple(parts))


def _samples(path: Path) -> Samples:
    with closing(Decoder(path)) as decoder:
        blocks = []
        while len(block := decoder.read(60 * RATE_HZ)):
            blocks.append(block)
    return np.concatenate(blocks)


def _joined(texts: Sequence[str | None]) -> str | None:
    known = [text for text in texts if text is not None]
    return " ".join(known) if known and len(known) == len(texts) else None
