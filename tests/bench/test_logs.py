"""Logs that other scorers read, and LongYAAL as OmniSTEval itself computes it from them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.bench import logs, longyaal
from translate.bench.record import Run


def test_each_token_has_the_audio_and_the_time_it_took(hello: Run) -> None:
    assert [(e.token, e.heard_ms, e.elapsed_ms) for e in logs.emissions(hello)] == [
        ("Hello", 1100 - 200 - 100, 1100 - 100),
        ("big", 1600 - 200 - 100, 1600 - 100),
        ("world.", 1900 - 200 - 100, 1900 - 100),
    ]


def test_the_simuleval_line_has_a_delay_for_each_word(hello: Run) -> None:
    line = logs.simuleval_line(hello)
    assert line == {
        "source": ["talk.wav"],
        "prediction": "Hello big world.",
        "delays": [800, 1300, 1600],
        "elapsed": [1000, 1500, 1800],
        "source_length": 3000,
        "reference": "Hello, big world!",
    }


def test_the_simulstream_log_says_what_went_and_what_came(hello: Run) -> None:
    head, *lines = logs.simulstream_lines(hello, 4)
    assert head == {"id": 4, "metadata": {"wav_name": "talk.wav"}}
    assert [(line["deleted_tokens"], line["generated_tokens"]) for line in lines] == [
        ([], ["Hello", "beg"]),
        (["beg"], ["big"]),
        ([], ["world"]),
        (["world"], ["world."]),
    ]
    assert lines[0]["total_audio_processed"] == pytest.approx(0.4)
    assert lines[0]["computation_time"] == pytest.approx(0.2)


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abc"), max_size=3), st.lists(st.sampled_from("abc"), max_size=3)),
        max_size=8,
    )
)
def test_a_simulstream_log_played_back_is_the_text(
    make_translated_run: Callable[..., Run], steps: list[tuple[list[str], list[str]]]
) -> None:
    committed: list[str] = []
    revisions = []
    for i, (more, tail) in enumerate(steps):
        committed += more
        revisions.append((float(i + 1), i // 3, " ".join(committed), "".join(f" {t}" for t in tail), False))
        if i % 3 == 2:
            revisions.append((i + 1.5, i // 3, " ".join(committed), "", True))
            committed = []
    run = make_translated_run(revisions, "fr")
    tokens: list[str] = []
    for line in logs.simulstream_lines(run, 0, "fr")[1:]:
        gone = line["deleted_tokens"]
        assert tokens[len(tokens) - len(gone) :] == gone
        tokens = tokens[: len(tokens) - len(gone)] + line["generated_tokens"]
    last = {segment: text + tail for _, segment, text, tail, _ in revisions}
    assert tokens == " ".join(last[segment] for segment in sorted(last)).split()


def test_longyaal_is_what_omnisteval_computes_from_the_logs(hello: Run, tmp_path: Path) -> None:
    found = longyaal.measure([hello])
    assert found is not None
    # Three words over three seconds: the ideal speaker says one each second, from 0 on.
    assert found.cu_ms == pytest.approx(((800 - 0) + (1300 - 1000) + (1600 - 2000)) / 3)
    assert found.ca_ms == pytest.approx(((1000 - 0) + (1500 - 1000) + (1800 - 2000)) / 3)
    logs.write_logs(tmp_path, "hello", [hello])
    scored = tmp_path / "scores"
    subprocess.run(
        [
            sys.executable, "-m", "omnisteval.cli", "longform", "--word_level", "--no_quality",
            "--speech_segmentation", tmp_path / "hello.segments.yaml",
            "--ref_sentences_file", tmp_path / "hello.references.txt",
            "--hypothesis_file", tmp_path / "hello.simuleval.jsonl", "--output_folder", scored,
        ],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    rows = dict(line.split("\t") for line in (scored / "scores.tsv").read_text().splitlines()[1:])
    assert float(rows["LongYAAL (CU)"]) == pytest.approx(found.cu_ms, abs=0.1)
    assert float(rows["LongYAAL (CA)"]) == pytest.approx(found.ca_ms, abs=0.1)


def test_without_a_reference_there_is_neither_score_nor_segmentation(
    make_run: Callable[..., Run], tmp_path: Path
) -> None:
    run = make_run([(900, 0, [("Hello", 500)], "", True)])
    assert longyaal.measure([run]) is None
    written = logs.write_logs(tmp_path / "new", "talk", [run])
    assert [path.name for path in written] == ["talk.simuleval.jsonl", "talk.simulstream.jsonl"]
    assert "reference" not in json.loads(written[0].read_text().splitlines()[0])
