"""The manifest of a translation model: the file in its folder that states its languages, its tokenizer and its hashes.

``student.toml`` is written by ``models/distil``; ``sottovoce.toml`` describes a model from elsewhere and is written by
hand or by ``sottovoce models add``. Both have the same keys, and one place knows them: this one.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from translate.errors import LanguageError, ModelDamaged
from translate.languages import canonical

__all__ = [
    "ADDED_MANIFEST",
    "STUDENT_FILES",
    "STUDENT_MANIFEST",
    "STUDENT_TOKENIZER",
    "Manifest",
    "StudentFacts",
    "languages_manifest",
    "read_manifest",
    "student_manifest",
    "target_token",
]

STUDENT_MANIFEST: Final = "student.toml"
"""Of a model that was distilled here."""
ADDED_MANIFEST: Final = "sottovoce.toml"
"""Of a model from elsewhere."""
STUDENT_TOKENIZER: Final = "spm.model"
"""The file with a student's SentencePiece model, unless the manifest names another."""
STUDENT_FILES: Final = ("model.bin", "config.json", "shared_vocabulary.json", STUDENT_TOKENIZER)
"""Every file of a student that the service loads."""

_SCORED_SET: Final = "flores-dev"
_SCORE: Final = "bleu_beam4"


def target_token(language: str) -> str:
    """The first source token for a student with several targets: it says which language to write."""
    return f"<2{language}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a translation folder states about its model. Languages are canonical codes."""

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    tokenizer: str = STUDENT_TOKENIZER
    """The file with the SentencePiece model of a student."""
    source_prefix_token: str | None = None
    """First token of every source; ``""``: there is none; ``None``: not stated."""
    add_eos: bool = True
    """Whether a source ends with ``</s>``."""
    licence: str = ""
    recipe: str = ""
    seed: int | None = None
    sha256: Mapping[str, str] = field(default_factory=dict)
    """By file name."""
    flores_dev_bleu: float | None = None
    """BLEU on flores-dev, decoded with a beam of four."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every (spoken, written) of the model."""
        return tuple((source, target) for source in self.sources for target in self.targets if source != target)

    @property
    def quality(self) -> dict[tuple[str, str], float]:
        """The score, where there is one and it can only be that of the one pair."""
        return {self.pairs[0]: self.flores_dev_bleu} if self.flores_dev_bleu and len(self.pairs) == 1 else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentFacts:
    """What ``models/distil`` knows of a student when it writes the manifest."""

    source: str
    target: str
    source_prefix_token: str
    """``""``: none."""
    max_source_tokens: int
    licence: str
    recipe: str
    seed: int
    files: Mapping[str, tuple[int, str]]
    """Size in bytes and SHA-256, by file name."""
    scores: Mapping[str, Mapping[str, Any]]
    """Values by key, by development set."""


def student_manifest(facts: StudentFacts) -> str:
    """The text of ``student.toml``."""
    prefix = facts.source_prefix_token
    lines = [
        "# source: [source_prefix_token] + SentencePiece pieces; the engine adds </s> (config.json: add_source_eos).",
        "# target: starts from <s>, ends with </s>; decode the pieces with the same SentencePiece model.",
        f"source = {_quoted([facts.source])}",
        f"target = {_quoted([facts.target])}",
        f"tokenizer = {_quoted(STUDENT_TOKENIZER)}",
        f"source_prefix_token = {_quoted(prefix)}" if prefix else "# source_prefix_token: none",
        "add_source_eos = true",
        'decoder_start_token = "<s>"',
        f"max_source_tokens = {facts.max_source_tokens}",
        f"licence = {_quoted(facts.licence)}",
        f"recipe = {_quoted(facts.recipe)}",
        f"seed = {facts.seed}",
        f"bytes = {sum(size_bytes for size_bytes, _ in facts.files.values())}",
        *("", "[sha256]", *(f"{_quoted(name)} = {_quoted(sha256)}" for name, (_, sha256) in facts.files.items())),
        *("", "[sizes]", *(f"{_quoted(name)} = {size_bytes}" for name, (size_bytes, _) in facts.files.items())),
    ]
    for name, entry in facts.scores.items():
        lines += ["", f"[scores.{name}]"]
        lines += [f"{key} = {_quoted(value)}" for key, value in entry.items() if not isinstance(value, dict)]
    return "\n".join(lines) + "\n"


def languages_manifest(sources: Sequence[str], targets: Sequence[str]) -> str:
    """The text of a ``sottovoce.toml`` that states the languages and nothing else."""
    return f"source = {_quoted(list(sources))}\ntarget = {_quoted(list(targets))}\n"


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of ``folder``; ``None`` where there is none.

    Raises:
        ModelDamaged: it cannot be read, or a value is bad.
    """
    for path in (folder / STUDENT_MANIFEST, folder / ADDED_MANIFEST):
        try:
            return _parsed(tomllib.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, TypeError, RecursionError, LanguageError) as error:
            raise ModelDamaged(f"{path} cannot be read: {str(error).partition(chr(10))[0]}") from error
    return None


def _parsed(table: Mapping[str, Any]) -> Manifest:
    prefix, seed = table.get("source_prefix_token"), table.get("seed")
    return Manifest(
        sources=_languages("source", table),
        targets=_languages("target", table),
        tokenizer=str(table.get("tokenizer", STUDENT_TOKENIZER)),
        source_prefix_token=None if prefix is None else str(prefix),
        add_eos=bool(table.get("add_eos", True)),
        licence=str(table.get("licence", "")),
        recipe=str(table.get("recipe", "")),
        seed=seed if isinstance(seed, int) else None,
        sha256={str(name): str(sha256) for name, sha256 in dict(table.get("sha256", {})).items()},
        flores_dev_bleu=_flores_dev_bleu(table.get("scores", {})),
    )


def _languages(key: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    value = table.get(key, [])
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{key} is no list of languages: source and target must be lists, not {value!r}")
    return tuple(canonical(name) for name in names)


def _flores_dev_bleu(scores: object) -> float | None:
    of_flores = scores.get(_SCORED_SET, {}) if isinstance(scores, dict) else {}
    value = of_flores.get(_SCORE) if isinstance(of_flores, dict) else None
    if value is not None and (not isinstance(value, int | float) or not 0 <= value <= 100):
        raise TypeError(f"scores.{_SCORED_SET}.{_SCORE} must be a number from 0 to 100, not {value!r}")
    return None if value is None else float(value)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
