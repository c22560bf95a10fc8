"""Silero in NumPy against the original on ONNX Runtime, and what a damaged file does."""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper.utils import get_assets_path
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.config import VadConfig
from translate.errors import ModelDamaged
from translate.resources import models_folder
from translate.speech.silero import CONTEXT, FRAME, Silero, SileroState, load_silero
from translate.speech.vad import StreamingVad

REFERENCE = Path(__file__).with_name("onnx_reference.py")
SHIPPED = models_folder() / "silero-vad-v6"


@pytest.fixture(scope="module")
def reference(clips: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """``NAME probabilities`` and ``NAME spans`` of every clip, by ONNX Runtime."""
    out = tmp_path_factory.mktemp("onnx") / "reference.npz"
    paths = [str(clip.path) for clip in clips.values()]
    subprocess.run([sys.executable, REFERENCE, out, *paths], check=True, timeout=120)
    return dict(np.load(out))


def probabilities(samples: Any) -> list[float]:
    model, state, found = load_silero(), SileroState.new(), []
    for row in model.encode(np.concatenate([np.zeros(CONTEXT, np.float32), samples])):
        probability, state = model.step(row, state)
        found.append(probability)
    return found


def test_probabilities_and_spans_are_those_of_onnx_runtime(
    clips: dict[str, Any], samples_of: Any, reference: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours: list[float] = []
    step = Silero.step

    def noted(self: Silero, *arguments: Any) -> Any:
        probability, state = step(self, *arguments)
        ours.append(probability)
        return probability, state

    monkeypatch.setattr(Silero, "step", noted)
    spans = 0
    for name in clips:
        ours.clear()
        changes = list(StreamingVad(VadConfig()).push(samples_of(name)))
        assert np.abs(reference[f"{name} probabilities"] - ours).max() < 1e-3, name
        assert [change.position for change in changes] == list(reference[f"{name} spans"]), name
        spans += len(changes)
    assert spans > len(clips)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_frames_are_encoded_alike_alone_and_together(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 11))
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    samples = generator.uniform(-1, 1, CONTEXT + count * FRAME).astype(np.float32)
    model = load_silero()
    together = model.encode(samples)
    alone = [model.encode(samples[at * FRAME : CONTEXT + (at + 1) * FRAME])[0] for at in range(count)]
    assert together.shape == (count, 512)
    assert np.allclose(together, alone, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("level", [0.0, 1e-30, 1.0, 1e4])
def test_no_loudness_makes_it_fail_or_warn(level: float) -> None:
    samples = (np.random.default_rng(0).standard_normal(20 * FRAME) * level).astype(np.float32)
    assert all(0 <= probability <= 1 for probability in probabilities(samples))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_samples_that_are_no_numbers_are_forgotten(samples_of: Any, bad: float) -> None:
    """A program's own source may give them; the stream must not stay deaf, or in speech, for good."""
    speech = samples_of("fleurs_es_003")
    silence = np.zeros(4 * 16_000, np.float32)
    damaged = speech.copy()
    damaged[30_000] = bad
    vad = StreamingVad(VadConfig())
    with np.errstate(all="ignore"):
        _ = list(vad.push(np.concatenate([damaged, silence])))
        assert not vad.gate.open
        after = [change.state for change in vad.push(np.concatenate([speech, silence]))]
    assert after == ["started", "stopped"]


def test_the_weights_are_those_of_the_file_that_faster_whisper_ships(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("convert", SHIPPED / "convert.py")
    assert spec is not None
    assert spec.loader is not None
    convert = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(convert)
    convert.convert(Path(get_assets_path()) / "silero_vad_v6.onnx", tmp_path / "weights.npz")
    with np.load(tmp_path / "weights.npz") as made, np.load(SHIPPED / "weights.npz") as shipped:
        assert made.files == shipped.files
        for name in made.files:  # not the files: Pythons write archives differently
            assert made[name].dtype == shipped[name].dtype
            assert np.array_equal(made[name], shipped[name]), name


@pytest.mark.parametrize("kind", ["missing", "cut", "another", "not an archive"])
def test_a_damaged_file_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "weights.npz"
    content = (SHIPPED / "weights.npz").read_bytes()
    if kind == "another":
        buffer = io.BytesIO()
        np.savez(buffer, conv0_weight=np.zeros(3))
        content = buffer.getvalue()
    if kind != "missing":
        path.write_bytes({"cut": content[:-1], "not an archive": b"PK"}.get(kind, content))
    with pytest.raises(ModelDamaged, match=r"weights\.npz"):
        load_silero(path)
