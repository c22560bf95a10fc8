"""Text to the tokens of a model folder and back, in the folder's own style.

Four styles are found from the files: our students (``student.toml`` or ``sottovoce.toml`` beside one SentencePiece
model), OPUS-MT (``source.spm``, ``target.spm``, perhaps ``>>xxx<<`` tokens), NLLB (one SentencePiece model, language
tokens on both sides) and Marian (``vocab.*.spm``, or one each for source and target). SentencePiece: Kudo and
Richardson 2018.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sentencepiece

from translate.errors import LanguageError, ModelDamaged
from translate.languages import LANGUAGES, canonical
from translate.translation.files import one_line, read_json, vocabulary_of
from translate.translation.letters import Letters
from translate.translation.marian.folder import find_folder, is_marian_folder

__all__ = ["Encoded", "Tokenizer", "ids_of", "is_translation_folder", "languages_in", "open_tokenizer"]

MAX_SOURCE_TOKENS = 256
"""Longest input of one decoding: models are trained on up to a few hundred tokens and ramble past that."""

_DESCRIPTIONS = ("student.toml", "sottovoce.toml")
_NLLB_FILES = ("sentencepiece.bpe.model", "sentencepiece.model")
_OPUS_NAME = re.compile(r"opus-mt-(?:tc-)?(?:big-|base-|tiny-)?([A-Za-z_]+)-([A-Za-z_]+)")
_TARGET_TOKEN = re.compile(r">>([A-Za-z_]+)<<")


@dataclass(frozen=True, slots=True)
class Encoded:
    """One source text as a model takes it."""

    tokens: list[str]
    lead: int
    """How many of the tokens come before the text (language tokens)."""
    ends: tuple[int, ...]
    """For every token of the text, where it ends in the UTF-8 bytes of the text."""

    @property
    def says_something(self) -> bool:
        """Whether there is a letter or a digit: to punctuation alone a model answers with inventions."""
        text = self.tokens[self.lead : self.lead + len(self.ends)]
        return any(character.isalnum() for token in text for character in token)


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """The tokens of one model folder; safe to share between threads."""

    style: str
    sources: frozenset[str]
    targets: frozenset[str]
    vocabulary: frozenset[str]
    """What the encoder knows; other pieces are left out, since a model makes up text for ``<unk>``."""
    source_model: sentencepiece.SentencePieceProcessor = field(repr=False)
    target_model: sentencepiece.SentencePieceProcessor = field(repr=False)
    append_eos: bool
    lead_by_source: Mapping[str, str] = field(default_factory=dict)
    lead_by_target: Mapping[str, str] = field(default_factory=dict)
    start_by_target: Mapping[str, str] = field(default_factory=dict)
    letters: Letters = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "letters", Letters(self._knows))

    def _knows(self, character: str) -> bool:
        pieces = self.source_model.encode(character, out_type=str)
        return all(piece in self.vocabulary for piece in pieces if piece != "▁")

    def encode(self, text: str, *, source: str, target: str) -> list[Encoded]:
        """``text`` as inputs of at most :data:`MAX_SOURCE_TOKENS` tokens; none if the model knows nothing of it."""
        by_language = (self.lead_by_source.get(source), self.lead_by_target.get(target))
        lead = [token for token in by_language if token]
        trail = ["</s>"] if self.append_eos else []
        text, places = self.letters.legible(text)
        known = [
            (piece.piece, places.get(piece.end, piece.end))
            for piece in self.source_model.encode(text, return_type="proto").pieces
            if piece.piece in self.vocabulary
        ]
        # A space whose word was left out would come out as a second one.
        following = [*(piece for piece, _ in known[1:]), "▁"]
        known = [pair for pair, after in zip(known, following, strict=False) if pair[0] != "▁" or after[0] != "▁"]
        blocks = [known[i : i + MAX_SOURCE_TOKENS] for i in range(0, len(known), MAX_SOURCE_TOKENS)]
        return [
            Encoded([*lead, *(piece for piece, _ in block), *trail], len(lead), tuple(end for _, end in block))
            for block in blocks
        ]

    def start(self, target: str) -> list[str]:
        """What every translation into ``target`` starts with; not part of the text."""
        return [self.start_by_target[target]] if target in self.start_by_target else []

    def pieces(self, text: str) -> tuple[str, ...]:
        """Target text as target tokens."""
        return tuple(self.target_model.encode(text, out_type=str))

    def decode(self, tokens: Sequence[str]) -> str:
        """The text of target tokens."""
        return str(self.target_model.decode(list(tokens))).strip() if tokens else ""


def is_translation_folder(folder: Path) -> bool:
    """Whether ``folder`` is meant as a translation model (a recognition model has no SentencePiece file)."""
    try:
        return is_marian_folder(folder) or ((folder / "model.bin").is_file() and _style(folder) is not None)
    except ModelDamaged:
        return True


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model folder.

    Raises:
        ModelDamaged: a file is missing, cannot be read, or does not tell the model's languages.
    """
    if is_marian_folder(folder):
        return _marian(folder, _description(folder))
    if not (folder / "model.bin").is_file():
        raise ModelDamaged(f"{folder} is no CTranslate2 model folder: model.bin is missing")
    described = _description(folder)
    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    eos_added = isinstance(config, dict) and bool(config.get("add_source_eos", False))
    match _style(folder):
        case "student":
            return _student(folder, described, eos_added)
        case "opus":
            # Conversions so old that they have no config.json say in model.bin that the engine adds </s>.
            return _opus(folder, described, eos_added or not config)
        case "nllb":
            return _nllb(folder, described, eos_added)
    raise ModelDamaged(
        f"{folder} has no tokenizer: source.spm and target.spm, sentencepiece.bpe.model, or student.toml with spm.model"
    )


def _style(folder: Path) -> str | None:
    described = _description(folder)
    if described and (folder / str(described.get("tokenizer", "spm.model"))).is_file():
        return "student"
    if (folder / "student.toml").is_file():
        raise ModelDamaged(f"{folder}: the tokenizer that student.toml names, {described.get('tokenizer')}, is missing")
    if (folder / "source.spm").is_file() and (folder / "target.spm").is_file():
        return "opus"
    return "nllb" if any((folder / name).is_file() for name in _NLLB_FILES) else None


def _student(folder: Path, described: Mapping[str, Any], eos_added: bool) -> Tokenizer:
    """``student.toml``: ``source`` and ``target`` (lists), ``tokenizer`` (file), ``source_prefix_token``, ``add_eos``.

    A student of several targets is told which by a first token such as ``<2es>``.
    """
    sources, targets = _stated(folder, described)
    if not sources or not targets:
        raise ModelDamaged(f'{folder} must state its languages: source = ["en"], target = ["es"]')
    model = _sentencepiece(folder / str(described.get("tokenizer", "spm.model")))
    vocabulary = vocabulary_of(folder)
    lead = described.get("source_prefix_token")
    if lead is None and len(targets) > 1:
        leads = {target: f"<2{target}>" for target in sorted(targets)}
    else:
        leads = dict.fromkeys(targets, lead) if lead else {}
    for token in leads.values():
        if token not in vocabulary:
            raise ModelDamaged(f"{folder}: its vocabulary lacks the token {token!r} that chooses the target language")
    return Tokenizer(
        style="student",
        sources=sources,
        targets=targets,
        vocabulary=vocabulary,
        source_model=model,
        target_model=model,
        append_eos=bool(described.get("add_eos", True)) and not eos_added,
        lead_by_target=leads,
    )


def _opus(folder: Path, described: Mapping[str, Any], eos_added: bool) -> Tokenizer:
    vocabulary = vocabulary_of(folder)
    tokens = _target_tokens(vocabulary)
    sources, targets = _stated(folder, described)
    by_name = languages_in(folder.resolve().name)
    sources, targets = sources or by_name[0], targets or by_name[1] or frozenset(tokens)
    if not sources or not targets:
        raise ModelDamaged(
            f'{folder} does not tell its languages; state them in sottovoce.toml: source = ["en"], target = ["es"]'
        )
    return Tokenizer(
        style="opus",
        sources=sources,
        targets=targets,
        vocabulary=vocabulary,
        source_model=_sentencepiece(folder / "source.spm"),
        target_model=_sentencepiece(folder / "target.spm"),
        append_eos=not eos_added,
        lead_by_target={code: token for code, token in tokens.items() if code in targets},
    )


def _nllb(folder: Path, described: Mapping[str, Any], eos_added: bool) -> Tokenizer:
    vocabulary = vocabulary_of(folder)
    tokens = {code: language.nllb for code, language in LANGUAGES.items() if language.nllb in vocabulary}
    known = {code: token for code, token in tokens.items() if token is not None}
    if len(known) < 2:
        raise ModelDamaged(f"{folder} is no NLLB model: its vocabulary lacks language tokens such as spa_Latn")
    sources, targets = _stated(folder, described)
    model = _sentencepiece(next(folder / name for name in _NLLB_FILES if (folder / name).is_file()))
    return Tokenizer(
        style="nllb",
        sources=(sources or frozenset(known)) & frozenset(known),
        targets=(targets or frozenset(known)) & frozenset(known),
        vocabulary=vocabulary,
        source_model=model,
        target_model=model,
        append_eos=not eos_added,
        lead_by_source=known,
        start_by_target=known,
    )


def _marian(folder: Path, described: Mapping[str, Any]) -> Tokenizer:
    files = find_folder(folder)
    sources, targets = _stated(folder, described)
    if files.pair is not None:
        sources, targets = sources or frozenset({files.pair[0]}), targets or frozenset({files.pair[1]})
    if not sources or not targets:
        raise ModelDamaged(
            f'{folder} does not tell its languages; state them in sottovoce.toml: source = ["en"], target = ["de"]'
        )
    if len(sources) != 1 or len(targets) != 1 or sources == targets:
        raise ModelDamaged(f"{folder}: a model of Marian has one language on each side, and not the same")
    source_model = target_model = _sentencepiece(files.source_vocabulary)
    if files.target_vocabulary != files.source_vocabulary:
        target_model = _sentencepiece(files.target_vocabulary)
    return Tokenizer(
        style="marian",
        sources=sources,
        targets=targets,
        vocabulary=frozenset(ids_of(source_model, files.source_vocabulary)) - {"<unk>", "</s>"},
        source_model=source_model,
        target_model=target_model,
        append_eos=True,
    )


def ids_of(model: sentencepiece.SentencePieceProcessor, path: Path) -> dict[str, int]:
    """The place of each token of a Marian model's vocabulary, which lies at ``path``. Raises ModelDamaged."""
    ids = {model.id_to_piece(i): i for i in range(model.get_piece_size())}
    for token in ("</s>", "<unk>"):
        if token not in ids:
            raise ModelDamaged(f"{path} has no token {token}, which a Marian model needs")
    return ids


def languages_in(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """What a folder of that name reads and writes, as OPUS-MT names them; empty where the name does not say it."""
    match = _OPUS_NAME.search(name)
    return (_languages(match[1]), _languages(match[2])) if match else (frozenset(), frozenset())


def _languages(name: str) -> frozenset[str]:
    """The language of one half of an OPUS-MT name; empty for groups such as ROMANCE."""
    try:
        return frozenset({canonical(name)})
    except LanguageError:
        return frozenset()


def _target_tokens(vocabulary: Iterable[str]) -> dict[str, str]:
    """``>>xxx<<`` tokens by canonical language; of several for one language that of its usual script."""
    found: dict[str, str] = {}
    for token in sorted(vocabulary):
        match = _TARGET_TOKEN.fullmatch(token)
        for code in _languages(match[1]) if match else ():
            script = (LANGUAGES[code].nllb or "").partition("_")[2]
            if code not in found or (script and token.endswith(f"_{script}<<")):
                found[code] = token
    return found


def _stated(folder: Path, described: Mapping[str, Any]) -> tuple[frozenset[str], frozenset[str]]:
    sides = []
    for key in ("source", "target"):
        value = described.get(key, [])
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ModelDamaged(f"{folder}: {key} must be a list of languages, not {value!r}")
        try:
            sides.append(frozenset(canonical(name) for name in names))
        except LanguageError as error:
            raise ModelDamaged(f"{folder}: {key}: {error}") from error
    return sides[0], sides[1]


def _description(folder: Path) -> dict[str, Any]:
    for name in _DESCRIPTIONS:
        path = folder / name
        if path.is_file():
            try:
                return tomllib.loads(path.read_text("utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise ModelDamaged(f"cannot read {path}: {one_line(error)}") from error
    return {}


def _sentencepiece(path: Path) -> sentencepiece.SentencePieceProcessor:
    try:
        data = path.read_bytes() if path.is_file() else b""
        if not data:  # SentencePiece takes no data for "no model yet"
            raise ModelDamaged(f"{path} is empty, or no file")
        return sentencepiece.SentencePieceProcessor(model_proto=data)
    except (OSError, RuntimeError) as error:
        raise ModelDamaged(f"{path} is no SentencePiece model: {one_line(error)}") from error
