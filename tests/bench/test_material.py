"""Recordings from a folder: what counts as a transcript, which clips are drawn, and how they are joined."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from translate.bench.material import Clip, join, load_material, read, select
from translate.errors import ConfigError
from translate.events import RATE_HZ


@pytest.fixture
def folder(tmp_path: Path, clips: dict[str, Any]) -> Callable[[str], Path]:
    """A folder with two clips and a manifest of the given lines."""
    for name in ("thorsten_gt_01", "t2_covost_de_001", "pv_empty"):
        shutil.copy(clips[name].path, tmp_path)

    def make(lines: str) -> Path:
        (tmp_path / "manifest.tsv").write_text(lines, encoding="utf-8")
        return tmp_path

    return make


def test_the_bundled_samples_are_five_languages_with_transcripts_and_translations() -> None:
    found = {clip.lang: clip for clip in load_material()}
    assert set(found) == {"en", "es", "de", "fr", "pt"}
    assert all(clip.transcript for clip in found.values())
    assert "Mecca" in found["de"].translations["en"]


def test_only_published_transcripts_are_a_measure(folder: Callable[[str], Path]) -> None:
    found = load_material(
        folder(
            "id\tlang\tfile\tseconds\tkind\ttranscript\ttranscript_status\ttranslations\n"
            "a\tde\tthorsten_gt_01.flac\t2.57\tread\tEure Schoko-Bonbons\tshipped\ten:Your sweets ||| fr:Vos: bonbons\n"
            "b\tde\tt2_covost_de_001.flac\t1.82\tread\tKommen Sie\tdrafted by a recognizer\t\n"
            "c\tnone\tpv_empty.flac\t8.21\tnoise\t\tn/a\t\n"
            "d\tmusic\tpv_empty.flac\t8.21\tsong\tla la\tn/a\t\n"
        )
    )
    assert [(clip.id, clip.transcript) for clip in found] == [
        ("a", "Eure Schoko-Bonbons"),
        ("b", None),
        ("c", None),
        ("d", None),
    ]
    assert found[0].translations == {"en": "Your sweets", "fr": "Vos: bonbons"}
    assert found[2].kind == "noise"
    assert [clip.wordless for clip in found] == [False, False, True, False]


def test_the_short_form_is_read_too(clips: dict[str, Any]) -> None:
    found = {clip.id: clip for clip in load_material(clips["pv_empty"].path.parent)}
    assert found["fleurs_es_003"].transcript == clips["fleurs_es_003"].transcript
    assert found["fleurs_es_003"].translations == {"en": clips["fleurs_es_003"].english}
    assert found["pv_empty"].lang == "none"
    assert found["pv_empty"].transcript is None


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("lang\tfile\nde\tmissing.flac\n", "no file"),
        ("lang\tfile\nde\t\n", "line 2"),
        ("name\tplace\nx\ty\n", "needs a file and a lang"),
    ],
)
def test_what_is_wrong_is_named(folder: Callable[[str], Path], lines: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_material(folder(lines))


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"manifest\.tsv"):
        load_material(tmp_path / "nothing")


def test_a_seed_draws_the_same_clips_and_no_more_than_asked() -> None:
    clips = [Clip(f"{lang}{i}", lang, Path("x")) for lang in ("de", "fr") for i in range(9)]
    drawn = select(clips, limit=3, seed=5)
    assert drawn == select(clips, limit=3, seed=5)
    assert [clip.lang for clip in drawn] == ["de"] * 3 + ["fr"] * 3
    assert len({clip.id for clip in drawn}) == 6
    assert drawn != select(clips, limit=3, seed=6)
    assert select(clips, langs=["fr"]) == clips[9:]
    assert len(select(clips, limit=100)) == 18


def test_joined_clips_keep_their_places_and_pauses(clips: dict[str, Any]) -> None:
    material = load_material(clips["pv_empty"].path.parent)
    short = [clip for clip in material if clip.id in ("thorsten_gt_01", "t2_covost_de_001", "gsp1_de")]
    found = join(short, minutes=0.3, seed=3)
    assert found.seconds >= 18
    assert found.kind == "long form"
    assert found.transcript == " ".join(part.clip.transcript or "" for part in found.parts)
    for before, after in zip(found.parts, found.parts[1:], strict=False):
        assert 299 <= after.start_ms - before.end_ms <= 2001
    last = found.parts[-1]
    there = found.samples[round(last.start_ms * RATE_HZ / 1000) : round(last.end_ms * RATE_HZ / 1000)]
    np.testing.assert_array_equal(there, read(last.clip).speech)
    assert found.seconds == pytest.approx(last.end_ms / 1000)
    with pytest.raises(ValueError, match="one language"):
        join(material, minutes=1)


def test_one_part_without_a_transcript_leaves_the_whole_without(clips: dict[str, Any]) -> None:
    known = Clip("known", "de", clips["thorsten_gt_01"].path, transcript="Eure Bonbons")
    unknown = Clip("unknown", "de", clips["t2_covost_de_001"].path)
    assert join([unknown], minutes=0.05).transcript is None
    assert {part.clip.id for part in join([known, unknown], minutes=0.1).parts} == {"known"}
