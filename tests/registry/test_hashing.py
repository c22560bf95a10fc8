from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translate.errors import ModelDamaged
from translate.registry.folders import FileHash
from translate.registry.hashing import TICK_NS, Stamps, check_files, hash_file


class Counter:
    """How many bytes were hashed."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, done: int) -> None:
        self.total += done


def await_tick(path: Path) -> None:
    """Let the file become older than the clock of the file system can blur."""
    while time.time_ns() - path.stat().st_ctime_ns <= TICK_NS:
        time.sleep(0.01)


def check(folder: Path, cache: Path, expected: dict[str, FileHash]) -> int:
    counter = Counter()
    check_files(folder, expected, "do this", stamps=Stamps(cache, folder), progress=counter)
    return counter.total


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"x" * 5000)
    await_tick(folder / "model.bin")
    return folder


@pytest.fixture
def expected(folder: Path) -> dict[str, FileHash]:
    return {"model.bin": FileHash(hash_file(folder / "model.bin"), 5000)}


def test_hashed_once_then_remembered(folder: Path, tmp_path: Path, expected: dict[str, FileHash]) -> None:
    assert [check(folder, tmp_path / "cache", expected) for _ in range(3)] == [5000, 0, 0]


def test_a_touched_file_is_hashed_again(folder: Path, tmp_path: Path, expected: dict[str, FileHash]) -> None:
    check(folder, tmp_path / "cache", expected)
    os.utime(folder / "model.bin", (1, 1))
    await_tick(folder / "model.bin")
    assert check(folder, tmp_path / "cache", expected) == 5000


def test_a_change_that_hides_its_time_is_found(folder: Path, tmp_path: Path, expected: dict[str, FileHash]) -> None:
    check(folder, tmp_path / "cache", expected)
    before = (folder / "model.bin").stat()
    with (folder / "model.bin").open("r+b") as file:
        file.write(b"y")
    os.utime(folder / "model.bin", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ModelDamaged, match="SHA-256 is not the recorded one; repair: do this"):
        check(folder, tmp_path / "cache", expected)


def test_another_expectation_does_not_trust_the_stamp(
    folder: Path, tmp_path: Path, expected: dict[str, FileHash]
) -> None:
    check(folder, tmp_path / "cache", expected)
    with pytest.raises(ModelDamaged):
        check(folder, tmp_path / "cache", {"model.bin": FileHash("0" * 64)})


@pytest.mark.parametrize("spoiled", ["", "[]", "{]", '{"model.bin": 3}', '{"model.bin": [1, 2, 3]}'])
def test_spoiled_stamps_cost_only_time(
    folder: Path, tmp_path: Path, expected: dict[str, FileHash], spoiled: str
) -> None:
    stamps = Stamps(tmp_path / "cache", folder)
    stamps.path.parent.mkdir(parents=True)
    stamps.path.write_text(spoiled)
    assert check(folder, tmp_path / "cache", expected) == 5000
    assert check(folder, tmp_path / "cache", expected) == 0


def test_a_cache_that_cannot_be_written_costs_only_time(
    folder: Path, tmp_path: Path, expected: dict[str, FileHash]
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert [check(folder, tmp_path / "cache", expected) for _ in range(2)] == [5000, 5000]


def test_a_missing_and_a_cut_file_are_named(folder: Path, tmp_path: Path, expected: dict[str, FileHash]) -> None:
    os.truncate(folder / "model.bin", 4000)
    with pytest.raises(ModelDamaged, match=r"model.bin is damaged: it has 4000 bytes instead of 5000; repair: do this"):
        check(folder, tmp_path / "cache", expected)
    (folder / "model.bin").unlink()
    with pytest.raises(ModelDamaged, match=r"model.bin is missing; repair: do this"):
        check(folder, tmp_path / "cache", expected)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), place=st.integers(0), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found_even_at_once(tmp_path: Path, data: bytes, place: int, bit: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    expected = {"file": FileHash(hash_file(path), len(data))}
    check(tmp_path, tmp_path / "cache", expected)
    flipped = bytearray(data)
    flipped[place % len(data)] ^= 1 << bit
    path.write_bytes(flipped)
    with pytest.raises(ModelDamaged):
        check(tmp_path, tmp_path / "cache", expected)
