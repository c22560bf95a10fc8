"""Nothing calls out unless a person asks for a model: what libraries must be told so, told before they are imported."""

from __future__ import annotations

import os
import sys
from typing import Final

__all__ = ["may_call_out", "stay_offline"]

_SWITCH: Final = "HF_HUB_OFFLINE"
_OURS: Final = "Yes"
"""True to the hub library, and written as hardly anybody would: so it is known, in child processes too, as ours."""
_QUIET: Final = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "DO_NOT_TRACK": "1"}


def stay_offline() -> None:
    """From now on the Hugging Face hub library, which faster-whisper imports, refuses requests before making them."""
    for name, value in {_SWITCH: _OURS, **_QUIET}.items():
        os.environ.setdefault(name, value)


def may_call_out() -> None:
    """A person has asked for a download: undo :func:`stay_offline`, but not what the user has set."""
    if os.environ.get(_SWITCH) != _OURS:
        return
    del os.environ[_SWITCH]
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:  # it has read the environment already
        constants.HF_HUB_OFFLINE = False  # type: ignore[attr-defined]
