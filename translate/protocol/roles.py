"""What a client may be."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["LISTENER", "OPERATOR", "SPEAKER", "Role"]

SPEAKER: Final = "speaker"
LISTENER: Final = "listener"
OPERATOR: Final = "operator"

Role = Literal["speaker", "listener", "operator"]
