"""Teachers: a checkpoint that was trained here, or a converted model on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import sentencepiece
import torch

from .config import Recipe
from .decode import Hypothesis, translate
from .errors import DistilError
from .model import Transformer
from .prepare import prefix_ids

__all__ = ["ConvertedTeacher", "Direction", "Teacher", "TrainedTeacher", "described"]

Direction = tuple[str, str]


class Teacher(Protocol):
    """Translates lines, in any order."""

    def can(self, direction: Direction) -> bool:
        """Whether it translates that way."""

    def write(
        self, direction: Direction, lines: Sequence[str], *, beam: int = 1, hypotheses: int = 1
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield the number of each line with its translations, best first; none where it makes nothing of a line."""


class TrainedTeacher:
    """A checkpoint of ``train-teacher``: one model for all directions of the recipe, with the student's tokenizer."""

    def __init__(self, model: Transformer, tokenizer: sentencepiece.SentencePieceProcessor, recipe: Recipe) -> None:
        self._model, self._tokenizer, self._recipe = model, tokenizer, recipe
        self._batch_tokens = 65_536 if model.output_bias.is_cuda else 4096

    def can(self, direction: Direction) -> bool:
        """See :class:`Teacher`."""
        return direction in self._recipe.directions

    def write(
        self, direction: Direction, lines: Sequence[str], *, beam: int = 1, hypotheses: int = 1
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """See :class:`Teacher`."""
        prefix = prefix_ids(self._recipe, self._tokenizer, direction[1])
        with torch.autocast(self._model.output_bias.device.type, dtype=torch.bfloat16):
            for number, found in translate(
                self._model, self._tokenizer, lines, prefix=prefix, beam=beam, batch_tokens=self._batch_tokens
            ):
                yield number, found[:hypotheses]


class _Loaded(NamedTuple):
    tokenizer: Any
    """The service's :class:`translate.translation.tokenizer.Tokenizer`, which knows our students, OPUS-MT and NLLB."""
    engine: Any


def _found(name: str, base: Path) -> Any:
    """The service's :class:`translate.registry.ResolvedModel`."""
    try:
        from translate.errors import SottovoceError
        from translate.registry import resolve
    except ImportError as error:
        raise DistilError(f"teach.teachers: a converted model needs {error.name}") from None
    folder = base / name
    try:
        return resolve(folder if (folder / "model.bin").is_file() else name, kind="translation")
    except SottovoceError as error:
        raise DistilError(f"teach.teachers: {error}") from None


def described(names: Iterable[str], base: Path) -> str:
    """Names and licences of converted teachers, for the card; ``base`` as for :class:`ConvertedTeacher`."""
    models = {model.name: model.licence or "licence not stated" for model in (_found(name, base) for name in names)}
    return " and ".join(f"{name} ({licence})" for name, licence in models.items())


class ConvertedTeacher:
    """Converted models, one a direction: a student of ours, an OPUS-MT or NLLB that was pulled.

    Args:
        names: direction -> a folder (a relative path starts at ``base``), or a name of ``sottovoce models list``.
        base: the recipe's folder.
        threads: of the machine, when it has no GPU.

    Raises:
        DistilError: a model is not here, damaged, or does not translate that way.
    """

    def __init__(self, names: Mapping[Direction, str], base: Path, threads: int) -> None:
        self._threads = threads
        # A model of many languages may teach both ways; it is loaded once.
        models = {name: self._load(name, base) for name in set(names.values())}
        self._loaded = {direction: models[name] for direction, name in names.items()}
        for (source, target), name in names.items():
            if source not in models[name].tokenizer.sources or target not in models[name].tokenizer.targets:
                raise DistilError(f"teach.teachers: {name} does not translate {source} to {target}")

    def _load(self, name: str, base: Path) -> _Loaded:
        folder = _found(name, base).path
        import ctranslate2

        from translate.errors import SottovoceError
        from translate.translation.tokenizer import open_tokenizer

        try:
            tokenizer = open_tokenizer(folder)
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
            engine = ctranslate2.Translator(
                str(folder), device=device, compute_type="auto", intra_threads=self._threads
            )
        except (SottovoceError, RuntimeError, ValueError) as error:
            raise DistilError(f"teach.teachers: {error}") from None
        return _Loaded(tokenizer, engine)

    def can(self, direction: Direction) -> bool:
        """See :class:`Teacher`."""
        return direction in self._loaded

    def write(
        self, direction: Direction, lines: Sequence[str], *, beam: int = 1, hypotheses: int = 1
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """See :class:`Teacher`."""
        source, target = direction
        tokenizer, engine = self._loaded[direction]
        encoded = [tokenizer.encode(line, source=source, target=target) for line in lines]
        # A line that takes more than one decoding is too long to learn from.
        whole = [number for number, parts in enumerate(encoded) if len(parts) == 1 and parts[0].says_something]
        tokens = [encoded[number][0].tokens for number in whole]
        start = tokenizer.start(target)
        results = engine.translate_batch(
            tokens,
            target_prefix=[start] * len(tokens) if start else None,
            beam_size=beam,
            num_hypotheses=min(hypotheses, beam),
            max_batch_size=4096,
            batch_type="tokens",
            max_decoding_length=max(map(len, tokens), default=0) * 3 // 2 + 10,
            max_input_length=0,
            return_scores=True,
            disable_unk=True,
        )
        for number, result in zip(whole, results, strict=True):
            texts = [tokenizer.decode(pieces[len(start) :]) for pieces in result.hypotheses]
            yield number, [Hypothesis(text, score) for text, score in zip(texts, result.scores, strict=True)]
