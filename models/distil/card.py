"""Writes a student's manifest (``student.toml``) and its model card (``README.md``)."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from translate.errors import ModelDamaged
from translate.manifest import (
    STUDENT_FILES,
    STUDENT_MANIFEST,
    StudentFacts,
    read_manifest,
    student_manifest,
    target_token,
)

from .config import Recipe
from .corpus import Pair
from .errors import DistilError
from .prepare import weight_of

__all__ = ["file_facts", "write_card", "write_manifest"]


def file_facts(folder: Path) -> dict[str, tuple[int, str]]:
    """Size in bytes and SHA-256 of every file that the service loads."""
    contents = {name: (folder / name).read_bytes() for name in STUDENT_FILES}
    return {name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in contents.items()}


def write_manifest(recipe: Recipe, folder: Path, direction: tuple[str, str], scores: Mapping[str, Any]) -> None:
    """Write ``student.toml``: the languages, the tokenizer and the hashes that the service reads, and the scores."""
    source, target = direction
    text = student_manifest(
        StudentFacts(
            source=source,
            target=target,
            source_prefix_token=target_token(target) if recipe.tags else "",
            max_source_tokens=recipe.student.max_length // 2,
            licence=recipe.licence,
            recipe=recipe.name,
            seed=recipe.seed,
            files=file_facts(folder),
            scores=scores,
        )
    )
    (folder / STUDENT_MANIFEST).write_text(text, encoding="utf-8")


def _score_table(scores: Mapping[str, Any]) -> list[str]:
    lines = [
        "| set | BLEU greedy | BLEU beam 4 | chrF2 greedy | chrF2 beam 4 | ms per target token | normalised erasure |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} ({entry['sentences']}) | {entry['bleu_beam1']} | {entry['bleu_beam4']} | {entry['chrf2_beam1']} "
        f"| {entry['chrf2_beam4']} | {entry['ms_per_token']} | {entry['normalised_erasure']} |"
        for name, entry in scores.items()
    ]
    for name, entry in scores.items():
        if entry["peers"]:
            systems = ", ".join(f"{system} {score}" for system, score in sorted(entry["peers"].items()))
            lines += ["", f"Published BLEU of others on {name}: {systems}."]
    return lines


def _data_table(recipe: Recipe, pairs: Sequence[Pair]) -> list[str]:
    counts = Counter(pair.source for pair in pairs)
    weights = {pair.source: weight_of(pair, recipe.data) for pair in pairs}
    path = Path(recipe.path).parent / recipe.sources
    known = tomllib.loads(path.read_text(encoding="utf-8")) if recipe.sources and path.is_file() else {}
    lines = ["| source | pairs | weight | licence as stated | origin |", "| --- | ---: | ---: | --- | --- |"]
    for source, count in counts.most_common():
        about = known.get(source, {"licence": "not stated", "origin": "the user's own text"})
        lines.append(f"| {source} | {count} | {weights[source]:g} | {about['licence']} | {about['origin']} |")
    return lines


def _facts(recipe: Recipe, training: Mapping[str, Any], size: int) -> list[str]:
    shape = recipe.student
    return [
        f"Transformer, {shape.encoder_layers} encoder and {shape.decoder_layers} decoder layers, width {shape.width}, "
        f"joint SentencePiece vocabulary {recipe.data.vocabulary}; int8, {size / 1e6:.1f} MB with its tokenizer.",
        "",
        f"Recipe `{recipe.name}`, seed {recipe.seed}: {training['tokens'] / 1e6:.1f} million target tokens in "
        f"{training['hours']:.2f} hours of training, {training['taught']}.",
        *_start(recipe),
    ]


def _start(recipe: Recipe) -> list[str]:
    """The student that training started from."""
    if not recipe.start_from:
        return []
    try:
        known = read_manifest(Path(recipe.path).parent / recipe.start_from)
    except ModelDamaged as error:
        raise DistilError(f"start_from: {error}") from None
    name, seed = (known.recipe, known.seed) if known else ("", None)
    return [
        f"It went on from a student that had been trained before (recipe `{name or 'unknown'}`, "
        f"seed {'unknown' if seed is None else seed})."
    ]


def write_card(
    recipe: Recipe,
    folder: Path,
    direction: tuple[str, str],
    scores: Mapping[str, Any],
    pairs: Sequence[Pair],
    training: Mapping[str, Any],
) -> None:
    """Write the model card. ``training`` holds ``tokens``, ``hours`` and ``taught``."""
    size = sum(size_bytes for size_bytes, _ in file_facts(folder).values())
    failings = recipe.failings or ("Not examined.",)
    lines = [
        f"# {direction[0]} -> {direction[1]}, a student for live speech",
        "",
        *_facts(recipe, training, size),
        "",
        "## Scores",
        "",
        "sacreBLEU on the development sets, which were not trained on. Speed: one thread, one line at a time, greedy.",
        "Normalised erasure: words taken back per final word when every word-prefix is translated afresh, greedy, with",
        "no display policy.",
        "",
        *_score_table(scores),
        "",
        "## Known failings",
        "",
        *(f"- {failing}" for failing in failings),
        "",
        "## Data and licences",
        "",
        f"Licence of the weights: {recipe.licence or 'not stated'}. The texts keep their own licences, which ask for",
        "attribution:",
        "",
        *_data_table(recipe, pairs),
    ]
    (folder / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
