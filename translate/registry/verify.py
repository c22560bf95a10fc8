"""``sottovoce models verify``: hash every byte of a model, whatever was remembered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from translate.registry.folders import FileHash, read_lock
from translate.registry.found import ResolvedModel
from translate.registry.hashing import Progress, check_files
from translate.registry.packages import packaged_parts, reinstall_command
from translate.registry.resolve import Registry
from translate.registry.spec import ModelSpec

__all__ = ["Verdict", "names_here", "verify"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A model whose files are what they should be, as far as that is recorded."""

    name: str
    where: Path
    files: int
    """How many files have a recorded hash and fit it; 0: nobody has recorded any."""
    size_bytes: int
    trusted_on_first_use: tuple[str, ...] = ()
    """Files that are unchanged since they came, for which nobody published a hash."""


def names_here(registry: Registry) -> list[str]:
    """The names of the students, and of the models of the catalog and those added, that are on this machine."""
    here = [spec.name for spec in registry.catalog.models.values() if registry.place(spec) is not None]
    students = registry.student_names()
    return students + [name for name in here if name not in students] + registry.added_names()


def verify(registry: Registry, name_or_path: str, progress: Progress | None = None) -> Verdict:
    """Hash every file of a model; nothing is joined and nothing remembered.

    Raises:
        ModelDamaged: one line that names the file and the command that repairs.
        MissingModel, ConfigError: as :meth:`Registry.resolve`.
    """
    spec = registry.catalog.models.get(name_or_path)
    parts = packaged_parts(spec) if spec and name_or_path not in registry.student_names() else None
    if spec and parts and not registry.store.folder(spec.name).is_dir():
        return _verify_parts(spec, progress)
    model = registry.find(name_or_path)
    registry.check(model, full=True, progress=progress)
    lock = read_lock(model.path)
    expected = registry.expected(model)
    return Verdict(
        model.name, model.path, len(expected), _bytes(model, list(expected)), lock.trusted_on_first_use if lock else ()
    )


def _verify_parts(spec: ModelSpec, progress: Progress | None) -> Verdict:
    parts = packaged_parts(spec) or {}
    for part, path in parts.items():
        expected = {path.name: FileHash(part.sha256, part.size_bytes)}
        check_files(path.parent, expected, reinstall_command(spec, part.package), progress=progress)
    first = next(iter(parts.values()))
    return Verdict(spec.name, first.parent, len(parts), sum(part.size_bytes for part in parts))


def _bytes(model: ResolvedModel, names: list[str]) -> int:
    return sum((model.path / name).stat().st_size for name in names)
