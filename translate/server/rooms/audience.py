"""The listeners of a room: counted for operators, and told to the speaker when they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from translate.protocol import LISTENER, Role
from translate.tasks import Supervisor

__all__ = ["AudienceUpdates", "audience_of"]

PAUSE_S: Final = 0.5
"""A change is told after this time, with all that have come by then: a hall comes in within a minute."""


class _Client(Protocol):
    @property
    def role(self) -> Role | None: ...

    @property
    def targets(self) -> tuple[str, ...]: ...


def audience_of(members: Iterable[_Client]) -> Counter[str]:
    """Listeners by language; under the empty name those who read only the transcript."""
    return Counter(lang for one in members if one.role == LISTENER for lang in one.targets or ("",))


class AudienceUpdates:
    """Calls back some time after a change, once for all changes until then.

    Args:
        tell: what to call.
        tasks: owner of the timer.
    """

    def __init__(self, tell: Callable[[], None], tasks: Supervisor) -> None:
        self._timer = tasks.timer(tell, "audience update")

    def changed(self) -> None:
        """Listeners have come, gone, or read other languages."""
        if not self._timer.is_running:
            self._timer.start(PAUSE_S)
