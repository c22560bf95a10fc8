"""Which clips of the material are measured, and what recordings they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from translate.bench.material import SPEECHLESS, Clip, Recording, join, load_material, read, select
from translate.cli.options import listed
from translate.errors import ConfigError
from translate.events import Samples
from translate.languages import canonical

__all__ = ["Choice", "music", "silent", "speech"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for."""

    folder: Path | None
    """``None``: the samples that come with the program."""
    langs: str
    """A list such as ``de,en``; empty: all."""
    limit: int | None
    """At most so many of each language, drawn by ``seed``."""
    seed: int

    def clips(self, *, wordless_only: bool = False) -> list[Clip]:
        """The clips, and those without speech. Raises ConfigError when there is none of the languages."""
        found = load_material(self.folder)
        if wanted := listed(self.langs):
            spoken = [canonical(lang) for lang in wanted if lang not in SPEECHLESS]
            there = sorted({clip.lang for clip in found} - SPEECHLESS)
            if spoken and not set(spoken) & set(there):
                raise ConfigError(
                    f"the material has no clips in {', '.join(spoken)}; it has {', '.join(there) or 'none'}"
                )
            found = select(found, langs=[*spoken, *SPEECHLESS])
        if wordless_only:
            found = [clip for clip in found if clip.wordless]
        return select(found, limit=self.limit, seed=self.seed)


def speech(
    clips: Sequence[Clip], known: Sequence[str], minutes: float | None, seed: int
) -> tuple[list[Recording], list[str]]:
    """The recordings of speech, and the languages that the model does not know.

    Args:
        known: languages of the model.
        minutes: length to join the clips of each language to, drawn by ``seed``; ``None``: each by itself.
    """
    spoken = [clip for clip in clips if clip.lang not in SPEECHLESS]
    left_out = sorted({clip.lang for clip in spoken} - set(known))
    spoken = [clip for clip in spoken if clip.lang in known]
    if minutes is None:
        return [read(clip) for clip in spoken], left_out
    found = dict.fromkeys(clip.lang for clip in spoken)
    joined = [join([c for c in spoken if c.lang == lang], minutes=minutes, seed=seed) for lang in found]
    return joined, left_out


def silent(clips: Sequence[Clip]) -> list[Recording]:
    """The recordings without words."""
    return [read(clip) for clip in clips if clip.wordless]


def music(clips: Sequence[Clip]) -> Samples | None:
    """The first music of the material."""
    found = next((clip for clip in clips if clip.lang == "music" or "music" in clip.kind), None)
    return None if found is None else read(found).speech
