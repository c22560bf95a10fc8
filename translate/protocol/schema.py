"""The contract as JSON Schema (draft 2020-12)."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

__all__ = ["SCHEMA_PATH", "schema", "schema_of"]

SCHEMA_PATH = Path(__file__).with_name("sottovoce.v1.schema.json")


@functools.cache
def schema() -> dict[str, Any]:
    """The whole schema; each message has a definition named ``client_...`` or ``server_...``."""
    loaded: dict[str, Any] = json.loads(SCHEMA_PATH.read_text("utf-8"))
    return loaded


def schema_of(direction: Literal["client", "server"]) -> dict[str, Any]:
    """A schema of the messages of one direction only."""
    return {"$schema": schema()["$schema"], "$ref": f"#/$defs/{direction}", "$defs": schema()["$defs"]}
