"""What a connection that failed or was refused means for a talk: its end, or another try after a pause. Pure."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from websockets.exceptions import InvalidHandshake, InvalidStatus

from translate.errors import NotAllowedError, SottovoceError
from translate.output.printable import printable
from translate.protocol import Failure
from translate.remote.address import RoomAddress
from translate.remote.trust import TrustError, unreachable

__all__ = ["asked_to_wait", "pause_s", "why_ended", "why_refused", "why_unanswered"]

_FIRST_PAUSE_S: Final = 0.5
_DOUBLINGS: Final = 4
"""The longest pause is 8 s. Counted on, two to the power of a night's failures would be more than a float can hold."""
_NOT_ALLOWED: Final = 4401
_PROTOCOL: Final = (1002, 1003, 1007, 1008, 1009, 1010)
"""The two sides do not speak the same protocol: what was sent before would be refused again."""
_FATAL: Final = (*_PROTOCOL, 4400, _NOT_ALLOWED, 4404)
_TAKEN: Final = (1013, 4409)
"""Final at first; but a talk that had begun waits for its place."""
_FORBIDDEN: Final = (401, 403)
"""HTTP: the service, or what stands before it, refuses. Any other status may be that of a proxy whose service is being
started anew."""
_LONGEST_WAIT_S: Final = 3600.0
"""Nobody is believed who asks for a longer pause."""


def pause_s(failures: int, refusal: Failure | None, chance: float) -> float:
    """Seconds until the next try.

    Args:
        failures: tries in a row that the service did not answer.
        refusal: what it said last; it may have asked for a pause, which is kept to.
        chance: 0 to 1, so that the speakers of a restarted service do not all come at once.
    """
    own_s = _FIRST_PAUSE_S * (1 << min(failures, _DOUBLINGS)) * (0.5 + chance / 2)
    asked_s = refusal.retry_after_s if refusal is not None else None
    return max(own_s, min(asked_s or 0.0, _LONGEST_WAIT_S) * (1 + chance / 10))


def asked_to_wait(error: Exception | None, now: datetime | None = None) -> Failure | None:
    """An HTTP answer with ``Retry-After`` in place of a connection, as an error message of the service.

    Args:
        error: why the connection never came to be.
        now: present time, for an answer that names a date.
    """
    if not isinstance(error, InvalidStatus) or (text := error.response.headers.get("Retry-After")) is None:
        return None
    try:
        wait_s = float(text) if text.isdecimal() else _until_s(text, now or datetime.now(UTC))
    except ValueError:
        return None
    return Failure(code="busy", message="", retryable=True, retry_after_s=max(0.0, wait_s))


def _until_s(date: str, now: datetime) -> float:
    when = parsedate_to_datetime(date)
    return (when.replace(tzinfo=when.tzinfo or UTC) - now).total_seconds()


def why_unanswered(address: RoomAddress, error: Exception) -> SottovoceError:
    """What to tell a user about a connection that never came to be."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if 300 <= status < 400 and "Location" in error.response.headers:
            to = printable(error.response.headers["Location"])[:200]
            return SottovoceError(f"{address.authority} redirects to {to}; give that address if it is the service")
        return SottovoceError(f"{address.authority} refuses the connection (HTTP status {status})")
    if isinstance(error, InvalidHandshake):
        if isinstance(error.__cause__, EOFError):
            return SottovoceError(f"{address.authority} closes the connection without an answer; is it busy?")
        return SottovoceError(f"what answers at {address.authority} is no Sottovoce service")
    if isinstance(error, ssl.SSLCertVerificationError):
        return TrustError(f"the certificate of {address.authority} is not one that is trusted: {error.verify_message}")
    return unreachable(address, error)


def why_ended(address: RoomAddress, error: Exception) -> SottovoceError | None:
    """The error that ends a talk that had begun, when another connection never came to be; ``None``: try again.

    A network, a proxy or a service that is being started anew fails in many ways, and comes back from all of them. A
    certificate that is not trusted, and a refusal, stay.
    """
    is_refused = isinstance(error, InvalidStatus) and error.response.status_code in _FORBIDDEN
    if is_refused or isinstance(error, ssl.SSLCertVerificationError):
        return why_unanswered(address, error)
    return None


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
