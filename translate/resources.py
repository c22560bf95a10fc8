"""Where files that ship beside the code lie: inside an installed wheel, or in the checkout around the package."""

from __future__ import annotations

from pathlib import Path

__all__ = ["models_folder", "packaging_folder", "web_folder"]

_PACKAGE = Path(__file__).parent
_BUNDLED = _PACKAGE / "_bundled"
_ROOT = _BUNDLED if _BUNDLED.is_dir() else _PACKAGE.parent


def models_folder() -> Path:
    """The folder of ``catalog.toml`` and ``students/``."""
    return _ROOT / "models"


def packaging_folder() -> Path:
    """The folder of systemd units and the installer."""
    return _ROOT / "packaging"


def web_folder() -> Path:
    """The folder of the pages."""
    return _ROOT / "web"
