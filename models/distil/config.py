"""A recipe: all settings of a training, as frozen dataclasses read from a TOML file."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from .errors import DistilError

__all__ = [
    "DataConfig",
    "ModelConfig",
    "NoiseConfig",
    "Recipe",
    "TeachConfig",
    "TrainConfig",
    "dev_path",
    "load_recipe",
]

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shape of a Transformer. The defaults are those of a student."""

    encoder_layers: int = 4
    decoder_layers: int = 2
    width: int = 256
    heads: int = 4
    feed_forward: int = 1024
    max_length: int = 512
    dropout: float = 0.0


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the text comes from and how often each part of it is seen."""

    files: tuple[str, ...] = ()
    """TSV (``source, group, text, text``), TSV.xz or TMX files; a relative path starts at the recipe's folder."""
    group_weights: Mapping[str, float] = field(default_factory=dict)
    source_weights: Mapping[str, float] = field(default_factory=dict)
    """Expected copies of each pair in an epoch; a source's own weight wins over its group's. Default 1."""
    hold_out: Mapping[str, int] = field(default_factory=dict)
    """Source -> pairs that nobody trains on; a development set finds them at
    ``{work}/prepared/held-out.SOURCE.{lang}``."""
    most: Mapping[str, int] = field(default_factory=dict)
    """Source -> pairs of it that are used at most, drawn by the recipe's seed."""
    max_words: int = 60
    max_ratio: float = 2.5
    vocabulary: int = 8000
    tokenizer_sentences: int = 250_000


@dataclass(frozen=True, kw_only=True)
class NoiseConfig:
    """Shares of the training pairs that are turned into something a live recogniser would say."""

    uncased: float = 0.10
    prefix: float = 0.08
    joined: float = 0.07
    misheard: float = 0.05
    renamed: float = 0.3
    """Share of the pairs whose name, if both sides have one in common, becomes another one of the corpus."""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The optimiser and its budget."""

    hours: float = 1.0
    max_steps: int = 0
    """When above 0 the budget is counted in steps and ``hours`` is ignored."""
    batch_tokens: int = 4096
    gpu_batch_tokens: int = 24_576
    """Padded tokens of the larger side of a batch, on CPUs and on a GPU."""
    workers: int = 0
    gpu_workers: int = 12
    """Processes that noise and encode text; 0: the training process does it itself."""
    matrix_rate: float = 0.02
    """Learning rate of the matrices (Muon)."""
    vector_rate: float = 0.002
    """Learning rate of embeddings, norms and biases (Adam)."""
    warmup: float = 0.02
    decay: float = 0.4
    """Shares of the budget: the rate rises over ``warmup`` and falls to zero over ``decay``."""
    label_smoothing: float = 0.1
    average: float = 0.998
    """Momentum of the averaged weights that are evaluated and shipped."""
    chunk_pairs: int = 32_768
    log_seconds: float = 30.0
    save_seconds: float = 180.0
    score_seconds: float = 900.0
    score_sentences: int = 200
    threads: int = 2


@dataclass(frozen=True, kw_only=True)
class TeachConfig:
    """Teachers, the text that they translate, and which translations are kept."""

    teachers: Mapping[str, str] = field(default_factory=dict)
    """Direction as in ``en-es`` -> a converted model: its folder, or a name of ``sottovoce models list``. None: the
    teacher that ``train-teacher`` trained."""
    pairs: bool = True
    """Have the training text translated; ``False``: only ``text``."""
    text: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Language -> files with more text of it, a sentence a line, that is translated too. Its group is ``text``."""
    back: bool = False
    """What was made of ``text`` also trains the other way round, from the teacher's words to people's
    (back-translation, Sennrich et al. 2016)."""
    beam: int = 4
    hypotheses: int = 1
    worst_share: float = 0.1
    """Share of the lines with the teacher's lowest length-normalised score that is thrown away."""
    min_round_trip_chrf: float = 30.0
    keep_original: bool = True


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """``directions`` lists ``["en", "es"]`` pairs; more than one need ``tags``: sources then start with ``<2es>``."""

    name: str
    languages: tuple[str, str]
    directions: tuple[tuple[str, str], ...]
    tags: bool = False
    start_from: str = ""
    """Folder of a shipped student to go on from: its tokenizer and weights are taken, ``[student]`` is not needed."""
    unknown_letter: str = ""
    """A letter that the tokenizer lacks and that ``<unk>`` mostly stood for in the training text: the student that is
    shipped can write it. New tokenizers have every letter that is not rare."""
    licence: str = ""
    seed: int = 1
    data: DataConfig = DataConfig()
    noise: NoiseConfig = NoiseConfig()
    student: ModelConfig = ModelConfig()
    teacher: ModelConfig = ModelConfig(encoder_layers=6, decoder_layers=6, width=512, heads=8, feed_forward=2048)
    train: TrainConfig = TrainConfig()
    train_teacher: TrainConfig = TrainConfig(hours=0.0)
    """No hours: no teacher."""
    teach: TeachConfig = TeachConfig()
    dev: Mapping[str, str] = field(default_factory=dict)
    """Name of a development set -> path pattern with ``{src}``, ``{tgt}``, ``{pair}``, ``{lang}`` and ``{work}``."""
    terms: str = ""
    """TSV of terms whose header names the languages: the score counts how often each comes out as written there."""
    peers: str = ""
    """Table of other systems' scores: ``set, direction, system, BLEU``."""
    sources: str = ""
    """TOML file with the licence and the origin of every source, for the card."""
    failings: tuple[str, ...] = ()
    """What the card says the student does badly."""
    specialise_share: float = 0.4
    """With several directions: share of a student's budget in which each direction is trained by itself, the learning
    rate falling to 0."""
    path: str = ""
    """Where the recipe was read from; relative paths in it start there."""
    work: str = ""
    """The work folder of this run."""


def dev_path(recipe: Recipe, name: str, direction: tuple[str, str], language: str) -> Path:
    """Where the side in ``language`` of a development set lies; it need not exist."""
    source, target = direction
    names = {"src": source, "tgt": target, "lang": language, "pair": "-".join(recipe.languages), "work": recipe.work}
    return Path(recipe.path).parent / recipe.dev[name].format(**names)


def _freeze(value: Any) -> Any:
    return tuple(_freeze(item) for item in value) if isinstance(value, list) else value


def _build(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in hints:
            raise DistilError(f"{where}: unknown key {key!r}")
        expected = hints[key]
        if dataclasses.is_dataclass(expected) and isinstance(expected, type):
            if not isinstance(value, dict):
                raise DistilError(f"{where}: {key!r} must be a table")
            values[key] = _build(expected, value, f"{where}: [{key}]")
            continue
        if expected is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if expected in (int, float, str, bool) and type(value) is not expected:
            raise DistilError(f"{where}: {key!r} must be {expected.__name__}, not {value!r}")
        values[key] = _freeze(value)
    try:
        return kind(**values)
    except TypeError as error:
        raise DistilError(f"{where}: {error}") from None


def _change(table: dict[str, Any], change: str) -> None:
    key, equals, text = change.partition("=")
    try:
        value = tomllib.loads(f"value = {text}")["value"] if equals else None
    except tomllib.TOMLDecodeError:
        value = text
    *path, last = key.strip().split(".")
    if value is None or not last:
        raise DistilError(f"--set {change}: not KEY=VALUE")
    for name in path:
        table = table.setdefault(name, {})
    table[last] = value


def load_recipe(path: Path, changes: Sequence[str] = ()) -> Recipe:
    """Read a recipe; an unknown key or a value of the wrong type is an error that names it.

    ``changes`` are ``key.key=value`` lines that go over the file.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DistilError(f"{path}: no such recipe") from None
    except tomllib.TOMLDecodeError as error:
        raise DistilError(f"{path}: {error}") from None
    for change in changes:
        _change(table, change)
    table["path"] = str(path)
    recipe = _build(Recipe, table, str(path))
    if len(recipe.directions) > 1 and not recipe.tags:
        raise DistilError(f"{path}: several directions need tags = true")
    for direction in recipe.directions:
        if set(direction) != set(recipe.languages):
            raise DistilError(f"{path}: direction {direction} is not between {recipe.languages}")
    _check_teach(recipe, path)
    return recipe


def _check_teach(recipe: Recipe, path: Path) -> None:
    one, other = recipe.languages
    for name in recipe.teach.teachers:
        if name not in (f"{one}-{other}", f"{other}-{one}"):
            raise DistilError(f"{path}: teach.teachers: {name!r} is neither {one}-{other} nor {other}-{one}")
    for language, files in recipe.teach.text.items():
        if language not in recipe.languages:
            raise DistilError(f"{path}: teach.text: {language!r} is none of {recipe.languages}")
        if isinstance(files, str) or not all(isinstance(file, str) for file in files):
            raise DistilError(f"{path}: teach.text.{language} must be a list of files")
