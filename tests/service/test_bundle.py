"""A small bundle, made, looked into, damaged, and installed by its own script on a machine without a network."""

from __future__ import annotations

import ensurepip
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

import translate
from translate.errors import ConfigError
from translate.registry import default_registry
from translate.service.bundle import BundleError, bundle_into
from translate.service.notices import notices

VERSION = translate.__version__
PROGRAM = f"""
import sys
def main():
    print("sottovoce {VERSION}" if "--version" in sys.argv else " ".join(sys.argv[1:]))
"""


def wheel(folder: Path, name: str, requires: str = "", program: str = "", licence: str = "", says: str = "") -> Path:
    """The smallest wheel that pip takes."""
    path = folder / f"{name}-{VERSION}-py3-none-any.whl"
    info = f"{name}-{VERSION}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}_small.py", program)
        said = f"License-Expression: {licence}\n" if licence else says
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n{said}{needs}")
        if licence:
            archive.writestr(f"{info}/licenses/LICENSE", f"Whoever keeps this text may use {name}.")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/entry_points.txt", f"[console_scripts]\n{name} = {name}_small:main\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small wheels, and the pip that every Python brings along."""
    folder = tmp_path_factory.mktemp("wheels")
    wheel(folder, "sottovoce", "leaf", PROGRAM)
    wheel(folder, "leaf", licence="MIT")
    wheel(folder, "bare", says="License: Apache 2.0\nAuthor: Ada Bare\n")
    wheel(folder, "odd", says="License: Beerware\n")
    # Debian's Python keeps it elsewhere, and tells where.
    place = sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(ensurepip.__file__).parent / "_bundled"
    (pip,) = Path(place).glob("pip-*.whl")
    shutil.copy(pip, folder)
    return folder


@pytest.fixture(scope="module")
def archive(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle_into(tmp_path_factory.mktemp("out") / "sv.tar", wheels, (), default_registry()).path


@pytest.fixture
def unpacked(archive: Path, tmp_path: Path) -> Path:
    with tarfile.open(archive) as opened:
        if hasattr(tarfile, "data_filter"):  # Debian's Python 3.11.2 has none
            opened.extraction_filter = tarfile.data_filter
        opened.extractall(tmp_path / "there")
    return tmp_path / "there" / f"sottovoce-{VERSION}"


def install(folder: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """The bundle's script, without a network where the machine lets us take it away."""
    namespace = ["unshare", "--net"] if os.geteuid() == 0 and shutil.which("unshare") else []
    return subprocess.run(
        [*namespace, "sh", folder / "install.sh", *options], capture_output=True, text=True, check=False, timeout=120
    )


def test_the_same_content_gives_the_same_archive_with_the_hash_of_every_file(
    archive: Path, wheels: Path, tmp_path: Path
) -> None:
    again = bundle_into(tmp_path / "two.tar", wheels, (), default_registry())
    assert again.sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (tmp_path / "two.tar.sha256").read_text() == f"{again.sha256}  two.tar\n"
    with tarfile.open(archive) as opened:
        names = {entry.name.removeprefix(f"sottovoce-{VERSION}/") for entry in opened}
        sums = opened.extractfile(f"sottovoce-{VERSION}/SHA256SUMS")
        assert sums is not None
        listed = dict(reversed(line.split("  ./")) for line in sums.read().decode().splitlines())
        assert set(listed) == names - {"SHA256SUMS"}
        for name, digest in listed.items():
            file = opened.extractfile(f"sottovoce-{VERSION}/{name}")
            assert file is not None
            assert hashlib.sha256(file.read()).hexdigest() == digest
    assert {"install.sh", "bundle.env", "THIRD-PARTY-NOTICES.txt", f"wheels/leaf-{VERSION}-py3-none-any.whl"} <= names


def test_models_of_mozilla_are_named_with_the_place_of_licence_and_source() -> None:
    text = notices([], [default_registry().find("firefox-en-pt")])
    assert "  firefox-en-pt: MPL-2.0, https://mozilla.org/MPL/2.0/ (models of https://github.com/mozilla/" in text


def test_others_are_named_with_their_licences_and_the_texts_that_these_ask_for(unpacked: Path) -> None:
    text = (unpacked / "THIRD-PARTY-NOTICES.txt").read_text("utf-8")
    assert f"leaf {VERSION}: MIT" in text
    assert "Whoever keeps this text may use leaf." in text
    assert "\n  pip " in text
    bare = text[text.index(f"\nbare {VERSION}\n") : text.index(f"\nleaf {VERSION}\n")]
    assert "Copyright: Ada Bare" in bare
    assert "Redistribution. You may reproduce and distribute copies" in bare, "the text, where a package names it only"
    odd = text[text.index(f"\nodd {VERSION}\n") :][:400]
    assert "holds no licence text." in odd
    assert f"  sottovoce {VERSION}" not in text, "we are no third party"
    for student in default_registry().student_names():
        assert f"  {student}: " in text
        assert (default_registry().find(student).path / "README.md").read_text("utf-8").strip() in text, "whose texts"


def test_what_is_no_wheel_is_named(wheels: Path, tmp_path: Path) -> None:
    some = tmp_path / "some"
    shutil.copytree(wheels, some)
    (some / "fake-1-py3-none-any.whl").write_bytes(b"nothing")
    with pytest.raises(BundleError, match="fake-1"):
        bundle_into(tmp_path / "sv.tar", some, (), default_registry())


def test_what_is_missing_is_named_and_nothing_is_left(wheels: Path, tmp_path: Path) -> None:
    some, out = tmp_path / "some", tmp_path / "out"
    shutil.copytree(wheels, some)
    out.mkdir()
    with pytest.raises(ConfigError, match="no-such-model"):
        bundle_into(out / "sv.tar", some, ("no-such-model",), default_registry())
    (some / f"leaf-{VERSION}-py3-none-any.whl").unlink()
    with pytest.raises(BundleError, match="leaf"):
        bundle_into(out / "sv.tar", some, (), default_registry())
    (some / f"sottovoce-{VERSION}-py3-none-any.whl").unlink()
    with pytest.raises(BundleError, match=f"no wheel of sottovoce {VERSION}"):
        bundle_into(out / "sv.tar", some, (), default_registry())
    assert list(out.iterdir()) == []


@pytest.mark.slow
def test_a_bundle_is_installed_without_a_network_and_one_that_fails_leaves_the_one_before(
    unpacked: Path, tmp_path: Path
) -> None:
    prefix = tmp_path / "opt" / "sv"
    options = ("--prefix", prefix, "--cache", tmp_path / "cache", "--no-service")
    ran = install(unpacked, *options)
    assert ran.returncode == 0, ran.stderr
    assert answer(prefix) == "hello\n"
    (prefix / "before").touch()
    assert install(unpacked, *options).returncode == 0
    assert answer(prefix) == "hello\n"
    assert not (prefix / "before").exists(), "what was there is replaced"
    (prefix / "before").touch()
    (unpacked / "wheels" / f"leaf-{VERSION}-py3-none-any.whl").unlink()
    sums = unpacked / "SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(keepends=True) if "leaf" not in line))
    ran = install(unpacked, *options)
    assert ran.returncode != 0
    assert "nothing was installed" in ran.stderr
    assert (prefix / "before").exists()
    assert answer(prefix) == "hello\n"
    assert [path.name for path in prefix.parent.iterdir()] == ["sv"]


def answer(prefix: Path) -> str:
    return subprocess.run([prefix / "bin" / "sottovoce", "hello"], capture_output=True, text=True, check=True).stdout


def test_a_damaged_or_foreign_file_is_refused_before_anything_is_touched(unpacked: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "opt"
    (unpacked / "wheels" / "more.whl").write_bytes(b"foreign")
    ran = install(unpacked, "--prefix", prefix, "--no-service")
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (
        1, "sottovoce: the bundle holds files that are not its own",
    )  # fmt: skip
    (unpacked / "wheels" / "more.whl").unlink()
    with (unpacked / "wheels" / f"leaf-{VERSION}-py3-none-any.whl").open("r+b") as file:
        file.write(b"X")
    ran = install(unpacked, "--prefix", prefix, "--no-service")
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (1, "sottovoce: the bundle is damaged: copy it again")
    assert not prefix.exists()


def test_a_folder_of_somebody_else_is_not_replaced(unpacked: Path, tmp_path: Path) -> None:
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt" / "precious").touch()
    ran = install(unpacked, "--prefix", tmp_path / "opt", "--no-service")
    assert ran.returncode == 1
    assert "is no Sottovoce" in ran.stderr
    assert (tmp_path / "opt" / "precious").exists()
