"""How many threads recognition takes: as many as pay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from translate.speech.threads import threads_for


@pytest.mark.parametrize(
    ("megabytes", "cores", "threads"), [(75, 8, 1), (145, 8, 1), (244, 8, 4), (244, 2, 2), (3000, 1, 1)]
)
def test_a_small_model_takes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, megabytes: int, cores: int, threads: int
) -> None:
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(megabytes * 1_000_000)  # takes no room
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert threads_for(tmp_path, 0) == threads
    assert threads_for(tmp_path, 3) == 3
