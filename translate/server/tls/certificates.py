"""TLS with a certificate that renews itself: when it nears its end, and when names or addresses change."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from asyncio import sslproto
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from translate.server.tls.authority import EARLIEST, Authority, Leaf
from translate.server.tls.machine_names import Names, look
from translate.state import private_folder, read_private, write_private

__all__ = ["Certificates", "server_context"]

RENEW: Final = timedelta(days=20)
"""A certificate with less time left is replaced; not earlier, as who told a browser to accept it has to do so again."""

sslproto.SSLProtocol.max_size = 16_384
"""asyncio's buffer of every TLS connection. A record holds no more; its 256 KiB would be 500 MB for 2,000 listeners."""

log = logging.getLogger(__name__)


class Certificates:
    """The authority, the current certificate, and the TLS context that uses it.

    Args:
        folder: where both are kept (private).
        look: the names and addresses of now; may block.
        clock: the time of day.

    Raises:
        StateError: the folder cannot be used, or what lies in it is damaged or not private.
    """

    def __init__(
        self,
        folder: Path,
        *,
        look: Callable[[], Names] = look,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._path = private_folder(folder) / "server.pem"
        self._look = look
        self._clock = clock
        self.names = look()
        """As of the last look."""
        if (now := clock()) < EARLIEST:
            log.error("the system clock is wrong (%s): browsers refuse certificates made now; set it", now.date())
        self.authority = Authority.load_or_create(folder, self.names, now)
        leaf = self._stored()
        self._leaf = leaf if leaf is not None and self._fits(leaf) else self._issued()
        self._present = self._loaded()
        self.context = self._loaded()
        """For all listening sockets; each handshake gets the present certificate."""
        self.context.sni_callback = self._use_present

    async def refresh(self) -> None:
        """Looks again, and renews the certificate if need be, for connections made from then on.

        Raises:
            StateError: the folder cannot be written any more.
        """
        self.names = await asyncio.to_thread(self._look)
        if not self._fits(self._leaf):
            self._leaf, self._present = await asyncio.to_thread(self._renewed)
            log.info("renewed the server certificate; it names %s", ", ".join(map(str, self.names.addresses)))

    def _use_present(self, tls: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Called by OpenSSL in every handshake, whether the client names a host or not."""
        tls.context = self._present

    def _renewed(self) -> tuple[Leaf, ssl.SSLContext]:
        return self._issued(), self._loaded()

    def _loaded(self) -> ssl.SSLContext:
        """A context with the certificate in the file: one of its own, so that no handshake meets half of a change."""
        context = server_context()
        context.load_cert_chain(self._path)
        return context

    def _fits(self, leaf: Leaf) -> bool:
        found, now = leaf.x509, self._clock()
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns = set(names.get_values_for_type(x509.DNSName))
        addresses = {ipaddress.ip_address(str(a)) for a in names.get_values_for_type(x509.IPAddress)}
        wanted_dns, wanted_addresses = self.authority.vouchable(self.names)
        in_time = now < EARLIEST or found.not_valid_before_utc <= now <= found.not_valid_after_utc - RENEW
        return in_time and dns == set(wanted_dns) and addresses == set(wanted_addresses)

    def _stored(self) -> Leaf | None:
        """The certificate of the last run, if this authority issued it and its key fits."""
        content = read_private(self._path)
        if content is None:
            return None
        key, marker, certificate = content.partition(b"-----BEGIN CERTIFICATE-----")
        leaf = Leaf(marker + certificate, key)
        try:
            leaf.x509.verify_directly_issued_by(self.authority.certificate)
            server_context().load_cert_chain(self._path)
        except (ValueError, TypeError, InvalidSignature, ssl.SSLError):
            return None  # damaged, or of an earlier authority; it is worth nothing, and another is made
        return leaf

    def _issued(self) -> Leaf:
        leaf = self.authority.issue(self.names, self._clock())
        write_private(self._path, leaf.pem)
        dns, addresses = self.authority.vouchable(self.names)
        missing = ({*self.names.dns} - {*dns}) | ({*self.names.addresses} - {*addresses})
        if missing:
            listed = ", ".join(sorted(map(str, missing)))
            log.warning("the authority may not vouch for %s: browsers will warn there (see docs/SECURITY.md)", listed)
        return leaf


def server_context() -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with forward secrecy, HTTP/1.1 only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # of TLS 1.2; those of 1.3 are all good
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    return context
