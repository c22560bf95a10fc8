"""The step ``prepare``: reads and filters the parallel text and fits one SentencePiece model for both languages."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import sentencepiece

from translate.manifest import STUDENT_TOKENIZER, target_token

from .config import DataConfig, Recipe, dev_path
from .corpus import Pair, read_pairs
from .errors import DistilError
from .filters import reject_reason, tidy
from .noise import uncase
from .progress import Progress
from .spelling import frequent_letters, lacking, with_letters

__all__ = ["FitTokenizer", "Prepared", "load_prepared", "prefix_ids", "prepare", "sample_pairs", "weight_of"]

_PAIRS = "pairs.tsv"
_COMMON_WORDS = 4
"""Lines of at most so many words are common phrases and may stand in a development set, too."""

FitTokenizer = Callable[[Sequence[Pair], Recipe, Path], None]
"""Writes a SentencePiece model for the pairs of a recipe."""


@dataclass(frozen=True)
class Prepared:
    """The result of the step ``prepare``."""

    pairs: Sequence[Pair]
    tokenizer: sentencepiece.SentencePieceProcessor
    tokenizer_path: Path
    taught: Mapping[tuple[str, str], Sequence[Pair]] = field(default_factory=dict)
    """A teacher's translations, by direction."""
    keep_original: bool = True
    """Train on the original pairs beside the teacher's."""

    def pairs_for(self, direction: tuple[str, str]) -> Sequence[Pair]:
        taught = self.taught.get(direction, ())
        return [*taught, *self.pairs] if self.keep_original or not taught else taught


def prefix_ids(recipe: Recipe, tokenizer: sentencepiece.SentencePieceProcessor, target: str) -> list[int]:
    """Ids of the tokens before every source: the target's token, when the recipe has tags."""
    return [tokenizer.piece_to_id(target_token(target))] if recipe.tags else []


def weight_of(pair: Pair, data: DataConfig) -> float:
    """Expected copies of the pair in one epoch."""
    return data.source_weights.get(pair.source, data.group_weights.get(pair.group, 1.0))


def _letters_only(text: str) -> str:
    """The text in lower case without marks, to compare texts that differ in these only."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _development_lines(recipe: Recipe) -> frozenset[str]:
    """Lines of the development sets, which are not trained on; short ones, such as "Thank you very much", may be."""
    paths = {
        dev_path(recipe, name, direction, language)
        for name in recipe.dev
        for direction in recipe.directions
        for language in direction
    }
    lines = {_letters_only(line) for path in paths if path.is_file() for line in path.read_text("utf-8").splitlines()}
    return frozenset(line for line in lines if line.count(" ") >= _COMMON_WORDS)


def _kept(recipe: Recipe, counts: Counter[str]) -> Iterator[Pair]:
    base = Path(recipe.path).parent
    development = _development_lines(recipe)
    seen: set[tuple[str, str]] = set()
    for name in recipe.data.files:
        for pair in read_pairs(base / name, recipe.languages):
            first, second = tidy(pair.first), tidy(pair.second)
            reason = reject_reason(first, second, max_words=recipe.data.max_words, max_ratio=recipe.data.max_ratio)
            if not reason and (first, second) in seen:
                reason = "twice"
            if not reason and weight_of(pair, recipe.data) <= 0:
                reason = "weight 0"
            if not reason and development and not development.isdisjoint((_letters_only(first), _letters_only(second))):
                reason = "development set"
            counts[f"{pair.source}: {reason or 'kept'}"] += 1
            if not reason:
                seen.add((first, second))
                yield Pair(pair.source, pair.group, first, second)


def _hold_out(pairs: Sequence[Pair], recipe: Recipe, folder: Path) -> list[Pair]:
    """Set the held-out pairs of each source aside; return the pairs that share neither side with any of them."""
    held: list[Pair] = []
    for source, count in recipe.data.hold_out.items():
        own = [pair for pair in pairs if pair.source == source]
        if len(own) <= count:
            raise DistilError(f"{recipe.path}: hold_out asks for {count} pairs of {source!r}, which has {len(own)}")
        chosen = Random(recipe.seed).sample(own, count)
        held += chosen
        for side, language in enumerate(recipe.languages, start=2):
            text = "".join(f"{pair[side]}\n" for pair in chosen)
            (folder / f"held-out.{source}.{language}").write_text(text, encoding="utf-8")
    sides = {side.casefold() for pair in held for side in pair[2:]}
    return [pair for pair in pairs if pair.first.casefold() not in sides and pair.second.casefold() not in sides]


def _limited(pairs: Sequence[Pair], recipe: Recipe) -> list[Pair]:
    """The pairs, of some sources only as many as ``data.most`` says."""
    kept = list(pairs)
    for source, count in recipe.data.most.items():
        own = [pair for pair in kept if pair.source == source]
        if not own:
            raise DistilError(f"{recipe.path}: data.most names {source!r}, of which there is no pair")
        dropped = set(Random(recipe.seed).sample(own, max(len(own) - count, 0)))
        kept = [pair for pair in kept if pair not in dropped]
    return kept


def sample_pairs(pairs: Sequence[Pair], recipe: Recipe, random: Random) -> list[Pair]:
    """Pairs to fit a tokenizer on, weighted as in training."""
    weights = [weight_of(pair, recipe.data) for pair in pairs]
    count = min(recipe.data.tokenizer_sentences // 2, round(sum(weights)))
    return random.choices(pairs, weights, k=count)


def _sample(pairs: Sequence[Pair], recipe: Recipe) -> Iterator[str]:
    """Text for the tokenizer: weighted as in training, a tenth of it without case and punctuation."""
    random = Random(recipe.seed)
    for pair in sample_pairs(pairs, recipe, random):
        for text in (pair.first, pair.second):
            yield uncase(text, "")[0] if random.random() < 0.1 else text


def _fit_tokenizer(pairs: Sequence[Pair], recipe: Recipe, path: Path) -> None:
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=_sample(pairs, recipe),
            model_writer=model,
            model_type="unigram",
            vocab_size=recipe.data.vocabulary,
            character_coverage=0.9998,
            required_chars=_letters(pairs),
            split_digits=True,
            user_defined_symbols=[target_token(language) for language in recipe.languages],
            unk_id=0,
            bos_id=1,
            eos_id=2,
            pad_id=3,
            num_threads=recipe.train.threads,
            minloglevel=2,
        )
    except (RuntimeError, OSError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise DistilError(f"SentencePiece: {reason} (data.vocabulary = {recipe.data.vocabulary})") from None
    path.write_bytes(model.getvalue())


def _take_tokenizer(path: Path, pairs: Sequence[Pair], target: Path, progress: Progress) -> None:
    """The tokenizer of the student that is gone on from, with the letters that it lacks and the text has."""
    if not path.exists():
        raise DistilError(f"{path}: no such file (start_from)")
    model = path.read_bytes()
    letters = lacking(model, _letters(pairs))
    if letters:
        progress.say(f"the tokenizer gets letters that it lacks: {' '.join(letters)}")
    target.write_bytes(with_letters(model, letters))


def _letters(pairs: Sequence[Pair]) -> str:
    return frequent_letters(side for pair in pairs for side in (pair.first, pair.second))


def prepare(recipe: Recipe, folder: Path, progress: Progress, fit: FitTokenizer | None = None) -> None:
    """Write ``pairs.tsv``, ``spm.model`` and ``prepared.json`` into ``folder``; ``fit`` makes another tokenizer."""
    if not recipe.data.files:
        raise DistilError(f"{recipe.path}: data.files is empty")
    folder.mkdir(parents=True, exist_ok=True)
    counts: Counter[str] = Counter()
    pairs = list(progress.track(_kept(recipe, counts), "reading"))
    pairs = _limited(_hold_out(pairs, recipe, folder), recipe)
    if not pairs:
        raise DistilError(f"{recipe.path}: no pair was left after filtering")
    with (folder / _PAIRS).open("w", encoding="utf-8") as lines:
        lines.writelines("\t".join(pair) + "\n" for pair in pairs)
    progress.say(f"{len(pairs)} pairs kept of {counts.total()}")
    if recipe.start_from:
        start = Path(recipe.path).parent / recipe.start_from
        _take_tokenizer(start / STUDENT_TOKENIZER, pairs, folder / STUDENT_TOKENIZER, progress)
    else:
        progress.say("fitting SentencePiece")
        (fit or _fit_tokenizer)(pairs, recipe, folder / STUDENT_TOKENIZER)
    (folder / "prepared.json").write_text(json.dumps(dict(sorted(counts.items())), indent=1) + "\n", encoding="utf-8")


def load_prepared(folder: Path) -> Prepared:
    """Read what :func:`prepare` wrote."""
    path = folder / _PAIRS
    if not path.exists() or not (folder / STUDENT_TOKENIZER).exists():
        raise DistilError(f"{folder}: nothing prepared there; run the step 'prepare' first")
    with path.open(encoding="utf-8", newline="\n") as lines:
        pairs = [Pair(*line.rstrip("\n").split("\t")) for line in lines]
    tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / STUDENT_TOKENIZER))
    return Prepared(pairs, tokenizer, folder / STUDENT_TOKENIZER)
