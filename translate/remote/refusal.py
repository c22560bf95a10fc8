"""What a connection that failed or was refused means for a talk: its end, or another try after a pause. Pure."""

from __future__ import annotations

from typing import Final

from websockets.exceptions import InvalidHandshake, InvalidStatus

from translate.errors import NotAllowedError, SottovoceError
from translate.output.printable import printable
from translate.protocol import Failure
from translate.remote.address import RoomAddress
from translate.remote.trust import unreachable

__all__ = ["pause_s", "why_refused", "why_unanswered"]

_FIRST_PAUSE_S: Final = 0.5
_DOUBLINGS: Final = 4
"""The longest pause is 8 s. Counted on, two to the power of a night's failures would be more than a float can hold."""
_NOT_ALLOWED: Final = 4401
_FATAL: Final = (4400, _NOT_ALLOWED, 4404)
_TAKEN: Final = (1013, 4409)
"""Final at first; but a talk that had begun waits for its place."""


def pause_s(failures: int, refusal: Failure | None, chance: float) -> float:
    """Seconds until the next try.

    Args:
        failures: tries in a row that the service did not answer.
        refusal: what it said last; it may have asked for a pause, which is kept to.
        chance: 0 to 1, so that the speakers of a restarted service do not all come at once.
    """
    own_s = _FIRST_PAUSE_S * (1 << min(failures, _DOUBLINGS)) * (0.5 + chance / 2)
    asked_s = refusal.retry_after_s if refusal is not None else None
    return max(own_s, (asked_s or 0.0) * (1 + chance / 10))


def why_unanswered(address: RoomAddress, error: Exception) -> SottovoceError:
    """What to tell a user about a connection that never came to be."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if 300 <= status < 400 and "Location" in error.response.headers:
            to = printable(error.response.headers["Location"])[:200]
            return SottovoceError(f"{address.authority} redirects to {to}; give that address if it is the service")
        return SottovoceError(f"{address.authority} refuses the connection (HTTP status {status})")
    if isinstance(error, InvalidHandshake):
        return SottovoceError(f"what answers at {address.authority} is no Sottovoce service")
    return unreachable(address, error)


def why_refused(code: int | None, refusal: Failure | None, *, had_begun: bool) -> SottovoceError | None:
    """The error that ends the talk for good; ``None``: trying again makes sense, or it ended as it should.

    Args:
        code: with which the service closed the connection; ``None``: it broke.
        refusal: the service's last error message.
        had_begun: the service has let this talk in before.
    """
    if code not in _FATAL and (code not in _TAKEN or had_begun):
        return None
    message = refusal.message if refusal is not None else f"the service closed the connection (code {code})"
    error = NotAllowedError(message) if code == _NOT_ALLOWED else SottovoceError(message)
    error.retry_after_s = refusal.retry_after_s if refusal is not None else None
    return error
