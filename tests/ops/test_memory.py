"""Memory of the engines: sound of ever new lengths must not make a process of ours grow."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import translate

ROOT = Path(translate.__file__).parent.parent
# In a process of its own: what other tests have left in this one would hide the growth.
WINDOWS = """
from translate import prepare_process
prepare_process()
from pathlib import Path
import numpy as np
from translate.config import AsrConfig
from translate.registry import default_registry
from translate.speech.whisper import WhisperEngine

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

engine = WhisperEngine(default_registry().resolve("whisper-tiny.en", kind="whisper").path, AsrConfig(threads=1))
noise = np.random.default_rng(0).standard_normal(5 * 16_000).astype(np.float32) / 10
lengths = [16_000 + 320 * step for step in range(180)]
for length in lengths[:60]:
    engine.encode(noise[:length])
before_mb = resident_mb()
for length in lengths[60:]:
    engine.encode(noise[:length])
print(resident_mb() - before_mb)
"""


@pytest.mark.models
@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_windows_of_ever_new_lengths_leave_nothing_behind() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WINDOWS],
        env={name: value for name, value in os.environ.items() if "DNN" not in name} | {"PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert float(ran.stdout) < 30  # without the bound: 130 MB
