"""Joining under bad conditions: several processes, a kill, a full disk, a cache that cannot be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from translate.errors import MissingModel, ModelDamaged
from translate.registry import Registry, Store, default_catalog, default_registry, resolve
from translate.registry.assemble import assemble
from translate.registry.folders import kind_of

JOIN = "print(registry.resolve('parted').path)\n"


def test_processes_at_once_join_once(house) -> None:
    # All start together on a line of input; each tells whether it wrote the parts itself.
    code = (
        "from translate.registry.assemble import assemble\n"
        "written = []\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(assemble(registry.catalog.find('parted'), registry.store, progress=written.append), sum(written))\n"
    )
    processes = [house.python(code, stdin=subprocess.PIPE) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=60) for process in processes]
    assert all(process.returncode == 0 for process in processes), answers
    paths, written = zip(*(out.split() for out, _ in answers), strict=True)
    assert set(paths) == {str(house.cache / "models/parted")}
    assert sorted(map(int, written)) == [0, 0, 0, len(house.whisper) + 2]
    assert (house.cache / "models/parted/model.bin").read_bytes() == house.whisper
    assert leftovers(house.cache) == []


def test_a_kill_in_the_middle_leaves_only_what_the_next_run_clears(house) -> None:
    part = house.site / "fake_weights_2/data/model.bin.part2"
    rest = part.read_bytes()
    part.unlink()
    os.mkfifo(part)  # the join stops here for as long as nobody writes
    process = house.python(JOIN)
    staging = house.cache / "models/.parted.new"
    deadline = time.monotonic() + 60
    while not (staging / "model.bin").exists() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    with contextlib.closing(os.fdopen(os.open(part, os.O_RDWR), "wb", buffering=0)) as pipe:
        pipe.write(rest[:1000])
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert (staging / "model.bin").exists()
    assert not (house.cache / "models/parted").exists()
    with pytest.raises(MissingModel):
        default_registry().store.remove("remote")
    part.unlink()
    part.write_bytes(rest)
    assert (resolve("parted").path / "model.bin").read_bytes() == house.whisper
    assert leftovers(house.cache) == []


def test_a_limit_hit_while_writing_leaves_nothing(house) -> None:
    process = house.python(
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))\n"
        "try: registry.resolve('parted')\n"
        "except SottovoceError as error: print(error); sys.exit(error.exit_status)\n"
    )
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert f"no room for parted in the model cache {house.cache}" in out
    assert "SOTTOVOCE_CACHE" in out
    assert out.count("\n") == 1
    assert list((house.cache / "models").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting a small tmpfs needs root: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_disk_that_fills_up_leaves_nothing(house, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(house.registry.catalog, house.models, Store(small_disk))
    with pytest.raises(MissingModel, match=r"no room for parted .* 0 MB are free"):  # seen before a byte is written
        registry.resolve("parted")
    # And when the room goes only afterwards, to somebody else.
    monkeypatch.setattr(Store, "_free_bytes", lambda self: 10**12)
    with pytest.raises(MissingModel, match="no room for parted"):
        registry.resolve("parted")
    assert list((small_disk / "models").iterdir()) == []


def test_too_little_room_is_seen_before_anything_is_written(house, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(house.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=100_000))
    with pytest.raises(MissingModel, match="no room for parted") as caught:
        resolve("parted")
    assert caught.value.exit_status == 3
    assert leftovers(house.cache) == []


def test_a_cache_that_cannot_be_written_says_what_to_set(house, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:  # root may write into any folder that has permissions; not into the kernel's own
        cache = Path("/sys/sottovoce")
    else:
        cache = house.root / "read-only"
        cache.mkdir(mode=0o555)
    monkeypatch.setenv("SOTTOVOCE_CACHE", str(cache))
    with pytest.raises(MissingModel, match=r"cannot write .* set SOTTOVOCE_CACHE to a folder that can be written"):
        resolve("parted")
    assert resolve("plain").origin == "package"  # what needs no cache works without


def test_a_file_where_the_cache_should_be(house) -> None:
    house.cache.write_text("")
    with pytest.raises(MissingModel, match="set SOTTOVOCE_CACHE"):
        resolve("parted")


def test_patience_with_another_process_ends(house) -> None:
    registry = house.registry
    holder = house.python(
        "with registry.store.locked('parted', timeout_s=0):\n    print('held', flush=True); sys.stdin.read()\n",
        stdin=subprocess.PIPE,
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(MissingModel, match="another process has been preparing parted"):
        assemble(registry.catalog.find("parted"), registry.store, wait_s=0.1)
    holder.kill()
    holder.communicate()
    assert assemble(registry.catalog.find("parted"), registry.store).is_dir()  # a lock dies with its process


def test_a_failed_repair_keeps_the_old_model(house) -> None:
    registry = house.registry
    spec = registry.catalog.find("parted")
    folder = assemble(spec, registry.store)
    part = house.site / "fake_weights_1/data/model.bin.part1"
    part.write_bytes(b"?" * 100_000)
    with pytest.raises(ModelDamaged, match="part1"):
        assemble(spec, registry.store, again=True)
    assert (folder / "model.bin").read_bytes() == house.whisper
    assert leftovers(house.cache) == []


@pytest.mark.models
def test_the_real_whisper_base_is_joined_and_loads(tmp_path: Path) -> None:
    import ctranslate2

    registry = Registry(default_catalog(), tmp_path / "students", Store(tmp_path))
    model = registry.resolve("whisper-base", kind="whisper")
    registry.check(model, full=True)
    assert kind_of(model.path) == "whisper"
    loaded = ctranslate2.models.Whisper(str(model.path), compute_type="int8")
    assert loaded.is_multilingual
    assert loaded.n_mels == 80


@pytest.mark.models
def test_the_real_whisper_tiny_is_whole_and_loads(tmp_path: Path) -> None:
    import ctranslate2

    registry = Registry(default_catalog(), tmp_path / "students", Store(tmp_path))
    model = registry.resolve("whisper-tiny.en", kind="whisper")
    registry.check(model, full=True)
    assert not ctranslate2.models.Whisper(str(model.path), compute_type="int8").is_multilingual


def leftovers(cache: Path) -> list[str]:
    folder = cache / "models"
    return [path.name for path in folder.iterdir() if path.name.startswith(".")] if folder.is_dir() else []
