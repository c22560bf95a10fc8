"""Engines with the embedded Whisper base, loaded once for the folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from translate.config import Config
from translate.inference import Engines


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    engines = Engines(Config())
    yield engines
    engines.close()
