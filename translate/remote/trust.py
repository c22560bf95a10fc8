"""Whom to believe that a service is the one it says: the system's authorities, a file, or what was trusted before."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from translate.errors import ConfigError, SottovoceError
from translate.remote.address import RoomAddress
from translate.state import read_private, state_folder, write_private

__all__ = ["TrustError", "trusted_context"]

_TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 65_536


class TrustError(SottovoceError):
    """The service cannot prove that it is the one that was meant."""

    code = "not_trusted"


class UnreachableError(SottovoceError):
    """Nobody answers there."""

    code = "unreachable"
    retryable = True


def trusted_context(
    address: RoomAddress, *, authority: Path | None, accept: Callable[[str], bool]
) -> ssl.SSLContext | None:
    """What a connection to ``address`` is checked with; ``None``: it is not encrypted. Connects, and so blocks.

    In this order: the authority in the file ``authority``; the one that was trusted at an earlier connection (as ssh
    does, in the folder ``known`` of the state); the system's. When none of them vouches for a service that was never
    met before, its own authority is asked for and ``accept`` is told the fingerprint.

    Raises:
        ConfigError: the file holds no certificate.
        TrustError: the certificate is none that is trusted.
        UnreachableError: nobody answers.
        StateError: what is known cannot be read or kept.
    """
    if not address.secure:
        return None
    if authority is not None:
        return _checked(address, _only(_certificate(authority)), f"from the authority in {authority}")
    known = state_folder() / "known" / f"{address.host}_{address.port}.pem".replace(":", "_")
    pinned = read_private(known)
    if pinned is not None:
        again = f"from the authority that was trusted before ({known}); remove that file if the service was set up anew"
        return _checked(address, _only(pinned.decode("ascii", "replace")), again)
    context = ssl.create_default_context()
    if _vouches(address, context):
        return context
    pem = ssl.DER_cert_to_PEM_cert(_authority_of(address))
    context = _checked(address, _only(pem), "from the authority that the service names")
    if not accept(_fingerprint(pem)):
        raise TrustError(
            f"{address.authority} is not trusted; compare its fingerprint with the service's and add --accept-new,"
            " or name its certificate with --authority FILE"
        )
    write_private(known, pem.encode("ascii"))
    return context


def _certificate(path: Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("ascii") if b"-----BEGIN" in content else ssl.DER_cert_to_PEM_cert(content)
    except OSError as error:
        raise ConfigError(f"cannot read the certificate {path}: {(error.strerror or str(error)).lower()}") from error
    except UnicodeError as error:
        raise ConfigError(f"{path} holds no certificate") from error


def _only(pem: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"the authority's certificate cannot be used: {error}") from error
    return context


def _checked(address: RoomAddress, context: ssl.SSLContext, whose: str) -> ssl.SSLContext:
    if not _vouches(address, context):
        raise TrustError(f"the certificate of {address.authority} is not {whose}")
    return context


def _vouches(address: RoomAddress, context: ssl.SSLContext) -> bool:
    """Whether a connection with ``context`` comes about. Raises ``UnreachableError``."""
    try:
        with (
            socket.create_connection((address.host, address.port), _TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=address.host),
        ):
            return True
    except ssl.SSLCertVerificationError:
        return False
    except (OSError, ValueError) as error:
        raise unreachable(address, error) from error


def _authority_of(address: RoomAddress) -> bytes:
    """The certificate that the service names as its authority, over a connection that proves nothing."""
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(address.host, address.port, timeout=_TIMEOUT_S, context=unchecked)
    try:
        connection.request("GET", f"{address.path}authority.crt")
        response = connection.getresponse()
        content = response.read(_MOST_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise unreachable(address, error) from error
    finally:
        connection.close()
    if response.status != 200:
        raise TrustError(f"nobody vouches for {address.authority}, and it names no authority of its own")
    return content


def unreachable(address: RoomAddress, error: Exception) -> UnreachableError:
    """One line about a connection that did not come about."""
    if isinstance(error, ssl.SSLError):
        reason = "it does not speak HTTPS; is it http://?"
    elif isinstance(error, (TimeoutError, socket.timeout)):
        reason = "no answer"
    elif isinstance(error, ConnectionRefusedError):
        reason = "nobody listens there; does the service run?"
    elif isinstance(error, socket.gaierror):
        reason = "no such host is known"
    else:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
    return UnreachableError(f"cannot reach {address.authority}: {reason}")


def _fingerprint(pem: str) -> str:
    """SHA-256 of the certificate, as the service shows it."""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest().hex(":").upper()
