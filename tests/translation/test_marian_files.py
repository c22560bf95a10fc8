"""Files of Marian models that are cut short, lie, or are for something else: refused by name, at no cost."""

from __future__ import annotations

import os
import resource
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.translation.conftest import train_sentencepiece
from tests.translation.marian_model import FLOAT32, items_of, options, pack, text, weights, write_shortlist
from translate.errors import ModelDamaged
from translate.translation import TranslationEngine, is_translation_folder
from translate.translation.marian.architecture import read_architecture
from translate.translation.marian.folder import find_folder, is_marian_folder, pair_of
from translate.translation.marian.items import read_items
from translate.translation.marian.shortlist import Shortlist

WORDS = ["one", "two"]


@pytest.fixture(scope="module")
def vocabulary() -> bytes:
    """A SentencePiece model; its ``</s>`` and ``<unk>`` may stand anywhere."""
    return train_sentencepiece(WORDS)


@pytest.fixture
def write(tmp_path: Path, vocabulary: bytes) -> Callable[..., Path]:
    """A whole model folder; ``change`` may replace what is written, by file name."""

    def written(described: str = "", **change: bytes | None) -> Path:
        size = sentencepiece.SentencePieceProcessor(model_proto=vocabulary).get_piece_size()
        folder = tmp_path / "firefox-en-de"
        folder.mkdir(exist_ok=True)
        description = options(size=size)
        files = {
            "model.ende.intgemm.alphas.bin": pack(items_of(weights(1, size=size), description + described)),
            "vocab.ende.spm": vocabulary,
        }
        write_shortlist(folder / "lex.50.50.ende.s2t.bin", {1: [4, 5]}, size)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        for role, data in change.items():
            path = next(path for path in folder.iterdir() if path.name.startswith(role))
            if data is None:
                path.unlink()
            else:
                path.write_bytes(data)
        return folder

    return written


def test_a_whole_folder_is_a_model_of_its_pair(write: Callable[..., Path]) -> None:
    folder = write()
    assert is_translation_folder(folder)
    engine = TranslationEngine(folder)
    assert engine.pairs() == {("en", "de")}
    found = engine.translate("one two", source="en", target="de")
    assert len(found.tokens) <= 16 + 2 * 2


def test_a_model_without_a_shortlist_looks_at_every_token(write: Callable[..., Path]) -> None:
    narrow = TranslationEngine(write())
    wide = TranslationEngine(write(lex=None))
    assert narrow.translate("one", source="en", target="de").tokens
    assert wide.translate("one", source="en", target="de").tokens


def test_languages_can_be_stated_where_names_do_not_tell(write: Callable[..., Path]) -> None:
    folder = write()
    (folder / "model.ende.intgemm.alphas.bin").rename(folder / "model.bin")
    with pytest.raises(ModelDamaged, match=r"does not tell its languages.*sottovoce\.toml"):
        TranslationEngine(folder)
    (folder / "sottovoce.toml").write_text('source = ["en"]\ntarget = ["fr"]\n')
    assert TranslationEngine(folder).pairs() == {("en", "fr")}


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("ende", ("en", "de")),
        ("zhen", ("zh", "en")),
        ("enzh_hant", ("en", "zh")),
        ("enxx", None),
        ("xxxx", None),
        ("e", None),
    ],
)
def test_the_pair_is_read_from_the_name(name: str, pair: tuple[str, str] | None) -> None:
    assert pair_of(name) == pair


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"vocab": None}, "has no vocabulary"),
        ({"vocab": b""}, "is empty"),
        ({"vocab": b"nothing of the kind"}, "no SentencePiece model"),
        ({"vocab": train_sentencepiece([*WORDS, "three"])}, r"vocab.ende.spm does not fit: it has \d+ tokens"),
        ({"lex": b"short"}, "no lexical shortlist"),
        ({"lex": bytes(100)}, "does not begin as one"),
        ({"model": b""}, "no Marian model, or damaged: it is cut short"),
        ({"model": bytes(64)}, "its version is 0"),
        ({"model": struct.pack("<QQ", 1, 1 << 62)}, "claims to hold"),
        (
            {"model": pack({"special:model.yml": text("type: transformer")})},
            "transformer-decoder-autoreg is not stated",
        ),
        ({"model": pack({"x": (FLOAT32, (1, 1), bytes(256))})}, r"does not describe itself"),
        ({"model": pack({"special:model.yml": text("{")})}, "not YAML"),
        ({"model": pack({"special:model.yml": text(options())})}, "has no Wemb"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    write: Callable[..., Path], change: dict[str, bytes | None], told: str
) -> None:
    folder = write(**change)
    with pytest.raises(ModelDamaged, match=told) as caught:
        TranslationEngine(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("dec-cell: gru", "dec-cell is 'gru'; this engine knows only 'ssru'"),
        ("transformer-decoder-autoreg: self-attention", "transformer-decoder-autoreg is 'self-attention'"),
        ("transformer-ffn-activation: swish", "transformer-ffn-activation is 'swish'"),
        ("transformer-preprocess: n", "transformer-preprocess is 'n'"),
        ("transformer-train-position-embeddings: true", "transformer-train-position-embeddings is 'true'"),
        ("transformer-tied-layers: [1, 1]", "transformer-tied-layers"),
        ("lemma-dim-emb: 8", "lemma-dim-emb is '8'"),
        ("dim-emb: 100000000", "dim-emb is '100000000'"),
        ("dim-emb: true", "dim-emb is 'true'"),
        ("transformer-heads: 3", "which 3 heads cannot share"),
        ("dim-emb: 16", r"Wemb has the shape \(\d+, 8\); the width of the model is 16"),
        ("enc-depth: 2", "has no encoder_l2_self_Wq"),
        ("type: [transformer]", "type is a list"),
        ("type: !!python/object:os.system [x]", "type is a list"),
        ("dim-emb: !!int ''", "dim-emb is ''"),
        ("dim-emb: 1:1:1:1.5", "dim-emb is '1:1:1:1.5'"),
        ("? [a, b]\n: c", "not YAML"),
        ("x: " + "[" * 5000, "not YAML"),
        ("a: &a [x, x]\nb: &b [*a, *a]\ntype: *b", "refers to parts of itself"),
    ],
)
def test_another_architecture_is_refused_by_name(write: Callable[..., Path], option: str, told: str) -> None:
    with pytest.raises(ModelDamaged, match=told):
        TranslationEngine(write(option + "\n"))


def test_an_item_that_nobody_needs_may_not_lie_either(write: Callable[..., Path]) -> None:
    items = items_of(weights(1), options())
    for shape in ((1 << 18, 1 << 18), (40_000, 40_000)):
        folder = write(model=pack(items | {"junk": (FLOAT32, shape, bytes(256))}))
        with pytest.raises(ModelDamaged, match="'junk' has 256 bytes, too few for its shape"):
            TranslationEngine(folder)


def test_numbers_that_grow_without_end_are_told(write: Callable[..., Path]) -> None:
    size = sentencepiece.SentencePieceProcessor(model_file=str(write() / "vocab.ende.spm")).get_piece_size()
    found = weights(1, size=size)
    found["decoder_l1_ffn_ffn_ln_scale"] = np.full((1, 8), 3e38)
    found["decoder_l2_rnn_ffn_ln_scale"] = np.full((1, 8), 3e38)
    engine = TranslationEngine(write(model=pack(items_of(found, options(size=size)))))
    with pytest.raises(ModelDamaged, match=r"model.ende.intgemm.alphas.bin computes numbers that are not finite"):
        engine.translate("one two", source="en", target="de", beam_size=4)


def test_files_that_are_none_are_not_waited_for(write: Callable[..., Path]) -> None:
    folder = write(lex=None)
    os.mkfifo(folder / "lex.50.50.ende.s2t.bin")
    with pytest.raises(ModelDamaged, match="no plain file"):
        TranslationEngine(folder)
    (folder / "lex.50.50.ende.s2t.bin").unlink()
    (folder / "model.ende.intgemm.alphas.bin").unlink()
    os.mkfifo(folder / "model.ende.intgemm.alphas.bin")
    assert not is_marian_folder(folder)
    (folder / "model.ende.intgemm.alphas.bin").unlink()
    (folder / "model.ende.intgemm.alphas.bin").symlink_to("/dev/zero")
    assert not is_marian_folder(folder)


def test_a_model_has_one_language_on_each_side(write: Callable[..., Path]) -> None:
    folder = write()
    for stated in ('source = ["en"]\ntarget = ["en"]\n', 'source = ["en", "fr"]\ntarget = ["de"]\n'):
        (folder / "sottovoce.toml").write_text(stated)
        with pytest.raises(ModelDamaged, match="one language on each side"):
            TranslationEngine(folder)


def test_numbers_that_are_none_are_refused(write: Callable[..., Path]) -> None:
    for name, array, told in (
        ("decoder_l1_ffn_b1", np.full((1, 16), np.nan), "decoder_l1_ffn_b1 holds numbers that are not finite"),
        ("encoder_l1_self_Wq", np.zeros((8, 4)), r"encoder_l1_self_Wq has the shape \(8, 4\), not \(8, 8\)"),
        ("decoder_ff_logit_out_b", np.zeros((1, 3)), "decoder_ff_logit_out_b has the shape"),
    ):
        found = weights(1) | {name: array}
        with pytest.raises(ModelDamaged, match=told):
            TranslationEngine(write(model=pack(items_of(found, options(), int8=False))))
    items = items_of(weights(1), options())
    kind, shape, data = items["encoder_l1_self_Wq"]
    items["encoder_l1_self_Wq"] = (kind, shape, data[:64] + struct.pack("<f", -1.0) + data[68:])
    folder = write(model=pack(items))
    with pytest.raises(ModelDamaged, match="encoder_l1_self_Wq has the multiplier"):
        TranslationEngine(folder)


MODEL = pack(items_of(weights(2), options()))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(MODEL) - 1))
def test_a_model_cut_short_anywhere_is_refused(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "model.ende.bin"
    path.write_bytes(MODEL[:cut])
    with pytest.raises(ModelDamaged, match="cut short"):
        read_items(path)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lies=st.lists(
        st.tuples(st.integers(0, 4500), st.sampled_from([0, 1, 255, 1 << 31, 1 << 40, (1 << 64) - 1])), max_size=4
    )
)
def test_lengths_that_lie_cost_no_memory(lies: list[tuple[int, int]], tmp_path: Path) -> None:
    data = bytearray(MODEL)
    for place, value in lies:
        data[place * 8 : place * 8 + 8] = struct.pack("<Q", value)
    path = tmp_path / "model.ende.bin"
    path.write_bytes(data)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        items = read_items(path)
        read_architecture(items["special:model.yml"].text)
        for item in items.values():
            item.matrix() if item.quantised else item.text or item.floats()
    except (ModelDamaged, ValueError, KeyError):
        pass  # named above; what matters here is that it is nothing else
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_shortlist_that_lies_is_refused(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "lex.bin"
    write_shortlist(path, {0: [1, 2], 3: [7, 1]}, 8)
    whole = path.read_bytes()
    assert Shortlist(path, 8, 8).of([0, 3]).tolist() == [1, 2, 7]
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut])
    with pytest.raises(ModelDamaged):
        Shortlist(path, 8, 8)
    place = data.draw(st.integers(0, len(whole) - 8))
    path.write_bytes(whole[:place] + struct.pack("<Q", data.draw(st.integers(0, (1 << 64) - 1))) + whole[place + 8 :])
    try:
        found = Shortlist(path, 8, 8).of(range(8)).tolist()
    except ModelDamaged:
        found = []  # told; what is let through must be tokens
    assert all(0 <= token < 8 for token in found)


def test_a_shortlist_of_other_vocabularies_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lex.bin"
    write_shortlist(path, {0: [9]}, 8)
    with pytest.raises(ModelDamaged, match="names target token 9; the vocabulary has 8"):
        Shortlist(path, 8, 8)
    with pytest.raises(ModelDamaged, match="for 8 source tokens; the vocabulary has 9"):
        Shortlist(path, 9, 10)


def test_two_files_for_one_purpose_are_refused(write: Callable[..., Path]) -> None:
    folder = write()
    (folder / "vocab.other.spm").write_bytes(b"x")
    with pytest.raises(ModelDamaged, match="two files where one vocabulary is needed"):
        find_folder(folder)


def test_a_ctranslate2_folder_is_none_of_these(models: dict[str, Path], tmp_path: Path) -> None:
    assert not any(is_marian_folder(folder) for folder in models.values())
    assert not is_marian_folder(tmp_path)
    assert not is_marian_folder(tmp_path / "not there")
