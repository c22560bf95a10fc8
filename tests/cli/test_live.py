"""``sottovoce live`` where there is nothing to listen to; with a sound card it is tested beside the microphone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import translate

pytestmark = pytest.mark.models

ROOT = Path(translate.__file__).parent.parent


def test_a_device_that_is_not_there_is_one_line(refused, fast: tuple[str, ...]) -> None:
    line = refused(2, "live", "--device", "no such device as this", *fast)
    assert "no microphone" in line or "'no such device as this'" in line


def test_without_portaudio_one_line_says_how_to_get_it(refused, fast: tuple[str, ...], tmp_path: Path) -> None:
    # What importing it does where the system has no PortAudio.
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    for arguments in (("live", "--devices"), ("live", *fast)):
        assert "PortAudio" in refused(2, *arguments, env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})


def test_a_machine_without_a_microphone_says_so(refused, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(
        "_initialized = False\n_initialize = _terminate = lambda: None\nquery_devices = lambda: []\n"
        "class PortAudioError(Exception): pass\nclass default: device = (-1, -1)\n"
    )
    assert "no input device" in refused(2, "live", "--devices", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"})
