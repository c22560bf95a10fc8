"""Made-up text and a recipe that trains on it in seconds."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from models.distil.config import Recipe
    from models.distil.prepare import Prepared

_WORDS = {
    "cat": "gato", "dog": "perro", "bird": "pájaro", "house": "casa", "tree": "árbol", "river": "río",
    "bread": "pan", "water": "agua", "friend": "amigo", "city": "ciudad", "book": "libro", "door": "puerta",
}  # fmt: skip
_VERBS = {"sees": "ve", "wants": "quiere", "finds": "encuentra", "loves": "ama", "paints": "pinta", "knows": "conoce"}


def made_up_pairs(count: int) -> list[tuple[str, str]]:
    """Sentences of a toy language pair, all different."""
    pairs = []
    for subject, sujeto in _WORDS.items():
        for verb, verbo in _VERBS.items():
            for thing, cosa in _WORDS.items():
                pairs.append((f"The {subject} {verb} the {thing}.", f"Mi {sujeto} {verbo} mi {cosa}."))
    return pairs[:: max(1, len(pairs) // count)][:count]


@pytest.fixture(scope="session")
def spm_model() -> bytes:
    """A SentencePiece model of made-up words of the letters a to e and ö."""
    import sentencepiece

    chance = random.Random(4)
    words = ["".join(chance.choices("abcdeö", k=chance.randint(2, 6))) for _ in range(400)]
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([" ".join(chance.choices(words, k=8)) for _ in range(400)]),
        model_writer=made, vocab_size=60, model_type="unigram", minloglevel=2,
    )  # fmt: skip
    return made.getvalue()


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A recipe's TSV with a few hundred made-up pairs."""
    path = tmp_path / "toy.tsv"
    lines = ["source\tgroup\ten\tes", *(f"toy\tA\t{first}\t{second}" for first, second in made_up_pairs(400))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def recipe_path(tmp_path: Path, corpus: Path) -> Path:
    """A recipe for two directions that trains in seconds."""
    for language, side in (("en", 0), ("es", 1)):
        lines = [pair[side] for pair in made_up_pairs(40)]
        (tmp_path / f"dev.{language}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = tmp_path / "toy.toml"
    path.write_text(
        """
name = "toy"
languages = ["en", "es"]
directions = [["en", "es"], ["es", "en"]]
tags = true
licence = "CC0-1.0"
failings = ["It knows twelve nouns."]

[data]
files = ["toy.tsv"]
vocabulary = 70

[dev]
dev = "dev.{lang}"

[student]
encoder_layers = 1
decoder_layers = 1
width = 32
heads = 2
feed_forward = 64

[teacher]
encoder_layers = 1
decoder_layers = 1
width = 48
heads = 2
feed_forward = 64
dropout = 0.1

[train]
max_steps = 60
batch_tokens = 1024
chunk_pairs = 256
score_sentences = 8
threads = 1

[train_teacher]
max_steps = 30
batch_tokens = 1024
chunk_pairs = 256
score_sentences = 8
threads = 1

[teach]
beam = 2
min_round_trip_chrf = 1.0
""",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def prepared(recipe_path: Path, tmp_path: Path) -> tuple[Recipe, Prepared]:
    """The recipe, and what its first step makes of the text."""
    pytest.importorskip("sacrebleu", reason="the recipe needs sacrebleu (extra 'distil')")
    from models.distil.__main__ import main
    from models.distil.config import load_recipe
    from models.distil.prepare import load_prepared

    assert main(["prepare", str(recipe_path), "--work", str(tmp_path / "work"), "--quiet"]) == 0
    return load_recipe(recipe_path), load_prepared(tmp_path / "work" / "prepared")
