"""Where files that ship beside the code lie: inside an installed wheel, or in the checkout around the package."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

__all__ = ["load_distil", "models_folder", "packaging_folder", "web_folder"]

_PACKAGE = Path(__file__).parent
_BUNDLED = _PACKAGE / "_bundled"
_ROOT = _BUNDLED if _BUNDLED.is_dir() else _PACKAGE.parent


def models_folder() -> Path:
    """The folder of ``catalog.toml`` and ``students/``."""
    return _ROOT / "models"


def load_distil() -> ModuleType:
    """The module ``models.distil.__main__``. It ships beside the service, not in it: only its user installs torch."""
    package = f"{__package__}.{_BUNDLED.name}.models.distil" if _BUNDLED.is_dir() else "models.distil"
    return import_module(f"{package}.__main__")


def packaging_folder() -> Path:
    """The folder of systemd units and the installer."""
    return _ROOT / "packaging"


def web_folder() -> Path:
    """The folder of the pages."""
    return _ROOT / "web"
