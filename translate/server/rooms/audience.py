"""Who reads in a room: counted for operators, and told to the speaker when it changes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Protocol

__all__ = ["AudienceNews", "Reader", "audience_of"]

PAUSE_S: Final = 0.5
"""A change is told after this time, with all that have come by then: a hall comes in within a minute."""


class Reader(Protocol):
    """Somebody in a room."""

    @property
    def role(self) -> str | None:
        """``speaker``, ``listener`` or ``operator``."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that it reads."""


def audience_of(members: Iterable[Reader]) -> Counter[str]:
    """Listeners by language; under the empty name those who read only the transcript."""
    return Counter(lang for one in members if one.role == "listener" for lang in one.targets or ("",))


class AudienceNews:
    """Calls back some time after a change, once for all changes until then.

    Args:
        tell: what to call.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """The audience is another one."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PAUSE_S, self._due)

    def close(self) -> None:
        """Tells nothing any longer."""
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> None:
        self._timer = None
        self._tell()
