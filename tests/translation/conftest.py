"""Real CTranslate2 models, built by hand in a moment: dictionaries whose every output can be verified.

The weights are not trained but written down. An embedding is one-hot for the token plus one-hot for the position; the
decoder's one cross-attention head matches its own position with the source's, copies the token found there and the
output projection looks it up. What comes out is a word-for-word (piece-for-piece) translation; pieces that the
dictionary does not know, such as the letters of a name, are copied.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import pytest
import sentencepiece

from translate.config import MtConfig
from translate.registry import default_registry
from translate.translation import TranslationEngine

POSITIONS = 300
SPECIALS = ("<unk>", "<s>", "</s>")
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZáéíóúñüäöß0123456789.,;:!?¿¡'\"()-"

ES_EN = {
    "uno": "one", "dos": "two", "tres": "three", "cuatro": "four", "cinco": "five", "seis": "six", "siete": "seven",
    "ocho": "eight", "nueve": "nine", "diez": "ten", "once": "eleven", "doce": "twelve", "gato": "cat", "perro": "dog",
    "casa": "house", "blanca": "white", "y": "and", "la": "the", "es": "is", "grande": "big",
}  # fmt: skip
EN_DE = {
    "one": "eins", "two": "zwei", "three": "drei", "four": "vier", "five": "fünf", "six": "sechs", "seven": "sieben",
    "eight": "acht", "nine": "neun", "ten": "zehn", "eleven": "elf", "twelve": "zwölf", "cat": "Katze", "dog": "Hund",
    "house": "Haus", "white": "weiß", "and": "und", "the": "das", "is": "ist", "big": "groß",
}  # fmt: skip


def word_pieces(words: Sequence[str]) -> list[str]:
    return [f"▁{word}" for word in words]


def train_sentencepiece(words: Sequence[str], symbols: Sequence[str] = ()) -> bytes:
    """A SentencePiece model with one piece for each word and letters for everything else."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([LETTERS, " ".join(LETTERS), " ".join(words)]),
        model_writer=model,
        model_type="char",
        vocab_size=4000,
        hard_vocab_limit=False,
        character_coverage=1.0,
        normalization_rule_name="identity",
        user_defined_symbols=[*symbols, *word_pieces(words)],
        minloglevel=2,
    )
    return model.getvalue()


def pieces_of(model: bytes) -> list[str]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def write_dictionary_model(
    folder: Path,
    vocabulary: Sequence[str],
    mapping: Mapping[str, str],
    *,
    shift: int = 0,
    stuck: bool = False,
    add_source_eos: bool = False,
    decoder_start: str = "<s>",
) -> None:
    """Save a translator that puts ``mapping[source[t + shift]]`` at target position ``t``; stuck: ``source[0]``."""
    size = len(vocabulary)
    index = {piece: i for i, piece in enumerate(vocabulary)}
    depth = 2 * size + POSITIONS  # token | position | token found by the attention
    token, position, found = slice(0, size), slice(size, size + POSITIONS), slice(size + POSITIONS, depth)
    spec = ctranslate2.specs.TransformerSpec.from_config(1, 1, no_final_norm=True)

    embedding = np.zeros((size, depth), np.float32)
    embedding[:, token] = np.eye(size)
    places = np.zeros((POSITIONS, depth), np.float32)
    places[:, position] = np.eye(POSITIONS)
    zeros, none = np.zeros((depth, depth), np.float32), np.zeros(depth, np.float32)
    for side, embeddings in (
        (spec.encoder, spec.encoder.embeddings[0]),
        (spec.decoder, spec.decoder.embeddings),
    ):
        side.scale_embeddings = False
        embeddings.weight = embedding
        side.position_encodings.encodings = places
        layer = side.layer[0]
        for block in (layer.self_attention, layer.ffn):
            block.layer_norm.gamma, block.layer_norm.beta = np.ones(depth, np.float32), none
        layer.self_attention.linear[0].weight = np.zeros((3 * depth, depth), np.float32)
        layer.self_attention.linear[0].bias = np.zeros(3 * depth, np.float32)
        layer.self_attention.linear[1].weight, layer.self_attention.linear[1].bias = zeros, none
        for linear in (layer.ffn.linear_0, layer.ffn.linear_1):
            linear.weight, linear.bias = zeros, none

    cross = spec.decoder.layer[0].attention
    cross.layer_norm.gamma, cross.layer_norm.beta = np.ones(depth, np.float32), none
    query, key_value, output = zeros.copy(), np.zeros((2 * depth, depth), np.float32), zeros.copy()
    query[position, position] = 30 * np.eye(POSITIONS, k=-shift)
    if stuck:
        query[position, position] = 0
        query[size, position] = 30
    key_value[position, position] = 30 * np.eye(POSITIONS)
    key_value[depth:, :][token, token] = np.eye(size)
    output[found, token] = np.eye(size)
    for linear, weight in zip(cross.linear, (query, key_value, output), strict=True):
        linear.weight, linear.bias = weight, np.zeros(len(weight), np.float32)

    projection = np.zeros((size, depth), np.float32)
    for i, piece in enumerate(vocabulary):
        projection[:, found][index[mapping.get(piece, piece)], i] = 20
    spec.decoder.projection.weight = projection
    spec.decoder.projection.bias = np.zeros(size, np.float32)

    spec.register_source_vocabulary(list(vocabulary))
    spec.register_target_vocabulary(list(vocabulary))
    spec.config.add_source_eos = add_source_eos
    spec.config.decoder_start_token = decoder_start
    spec.validate()
    spec.optimize("int8")
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


def pieces_mapping(*dictionaries: Mapping[str, str]) -> dict[str, str]:
    return {f"▁{word}": f"▁{meaning}" for words in dictionaries for word, meaning in words.items()}


def write_opus(folder: Path, words: Mapping[str, str]) -> Path:
    """OPUS-MT style as Marian's converter leaves it: two SentencePiece models, ``</s>`` added by the engine."""
    source, target = train_sentencepiece(list(words)), train_sentencepiece(list(words.values()))
    vocabulary = list(dict.fromkeys([*pieces_of(source), *pieces_of(target)]))
    write_dictionary_model(folder, vocabulary, pieces_mapping(words), add_source_eos=True)
    (folder / "source.spm").write_bytes(source)
    (folder / "target.spm").write_bytes(target)
    return folder


def write_opus_with_target_tokens(folder: Path, words: Mapping[str, str], tokens: Sequence[str]) -> Path:
    """The same with several targets: the caller gives ``</s>`` and a token such as ``>>deu<<``."""
    source, target = train_sentencepiece(list(words)), train_sentencepiece(list(words.values()))
    vocabulary = list(dict.fromkeys([*pieces_of(source), *pieces_of(target), *tokens]))
    write_dictionary_model(folder, vocabulary, pieces_mapping(words), shift=1)
    (folder / "source.spm").write_bytes(source)
    (folder / "target.spm").write_bytes(target)
    return folder


def write_nllb(folder: Path) -> Path:
    """NLLB style: one SentencePiece model, language tokens outside it; Spanish becomes English, English German."""
    words = [*ES_EN, *EN_DE, *EN_DE.values()]
    model = train_sentencepiece(list(dict.fromkeys(words)))
    vocabulary = [*pieces_of(model), "spa_Latn", "eng_Latn", "deu_Latn"]
    write_dictionary_model(folder, vocabulary, pieces_mapping(ES_EN, EN_DE), decoder_start="</s>")
    (folder / "sentencepiece.bpe.model").write_bytes(model)
    return folder


def write_student(
    folder: Path, source: str, target: str, words: Mapping[str, str], *, prefix: str | None = None, **model: Any
) -> Path:
    """Our own style: a joint SentencePiece model and ``student.toml``."""
    symbols = [prefix] if prefix else []
    joint = train_sentencepiece(list(dict.fromkeys([*words, *words.values()])), symbols)
    write_dictionary_model(folder, pieces_of(joint), pieces_mapping(words), shift=len(symbols), **model)
    (folder / "spm.model").write_bytes(joint)
    lines = [f'source = ["{source}"]', f'target = ["{target}"]', 'tokenizer = "spm.model"']
    lines += [f'source_prefix_token = "{prefix}"'] if prefix else []
    (folder / "student.toml").write_text("\n".join(lines), "utf-8")
    return folder


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One folder of each style, by name."""
    root = tmp_path_factory.mktemp("models")
    return {
        "opus": write_opus(root / "opus-mt-es-en", ES_EN),
        "opus-tokens": write_opus_with_target_tokens(root / "opus-mt-en-gmw", EN_DE, [">>deu<<", ">>nld<<"]),
        "nllb": write_nllb(root / "nllb-200"),
        "student": write_student(root / "es-en", "es", "en", ES_EN),
        "student-prefix": write_student(root / "en-de", "en", "de", EN_DE, prefix="<2de>"),
        "student-eos": write_student(root / "en-de-eos", "en", "de", EN_DE, add_source_eos=True),
        "stuck": write_student(root / "stuck", "es", "en", ES_EN, stuck=True),
    }


@pytest.fixture(scope="session")
def engines(models: dict[str, Path]) -> dict[str, TranslationEngine]:
    return {name: TranslationEngine(folder, MtConfig()) for name, folder in models.items()}


@pytest.fixture(scope="session")
def firefox() -> dict[str, TranslationEngine]:
    """Firefox's models that come with the installation, by pair (``en-pt``)."""
    registry = default_registry()
    return {
        pair: TranslationEngine(registry.resolve(f"firefox-{pair}", kind="translation").path)
        for pair in ("en-pt", "pt-en")
    }


@pytest.fixture
def write_two_way_student() -> Callable[[Path], Path]:
    """A student whose vocabulary has a token for each of two targets; it knows Spanish words only."""

    def write(folder: Path) -> Path:
        joint = train_sentencepiece([*ES_EN, *ES_EN.values()], ["<2en>", "<2es>"])
        write_dictionary_model(folder, pieces_of(joint), pieces_mapping(ES_EN), shift=1)
        (folder / "spm.model").write_bytes(joint)
        (folder / "student.toml").write_text('source = ["es", "en"]\ntarget = ["en", "es"]\n')
        return folder

    return write


@pytest.fixture(scope="session")
def student_engines(students: dict[str, Path]) -> dict[str, TranslationEngine]:
    return {name: TranslationEngine(folder, MtConfig()) for name, folder in students.items()}
