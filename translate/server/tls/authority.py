"""A certificate authority of one's own, which may vouch for this machine and for private addresses, nothing else.

Whoever steals its key could pose, to phones that trust it, as this machine or as a server at a private address (a
router, a printer); name constraints (RFC 5280, 4.2.1.10), which browsers hold it to, keep public sites out of reach.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from translate.errors import StateError
from translate.server.tls.machine_names import IPAddress, Names
from translate.state import read_private, write_private

__all__ = ["LEAF_DAYS", "Authority", "Leaf"]

CA_DAYS: Final = 3650
LEAF_DAYS: Final = 60
SKEW: Final = timedelta(days=1)
"""Certificates are valid from before they were made, for devices whose clock is late."""
EARLIEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Before this there was no such program: a clock that is behind it is wrong, as that of a box without a battery after a
cut of the power. What was made by a good clock is then better than what could be made now."""

_PRIVATE: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
        "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip
_WIDEST: Final = {4: 24, 6: 64}
"""Of a network that is not private, at most so much may be vouched for (prefix length by IP version)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A server certificate with its key, both in PEM."""

    certificate: bytes
    key: bytes

    @property
    def pem(self) -> bytes:
        """Both in one file, as OpenSSL reads them."""
        return self.key + self.certificate

    @property
    def x509(self) -> x509.Certificate:
        """The certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate)


class Authority:
    """Issues certificates. Its key does not leave the object, except into its private file.

    Args:
        certificate: its own.
        key: that of the certificate.
    """

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    @classmethod
    def load_or_create(cls, folder: Path, names: Names, now: datetime) -> Authority:
        """The authority kept in ``folder``; a new one at the first run, when it has expired, or when it was made by a
        clock that was ahead, so that nobody could trust it for years.

        Raises:
            StateError: the files are damaged, do not fit together, or are not private.
        """
        stored = read_private(folder / "authority.pem")
        if stored is not None:
            found = cls._read(stored, folder)
            begins, ends = found.certificate.not_valid_before_utc, found.certificate.not_valid_after_utc
            if now + timedelta(days=LEAF_DAYS) < ends and (begins <= now or now < EARLIEST):
                return found
            why = "was made by a clock that was ahead" if begins > now else "expires"
            log.warning("the certificate authority %s; devices have to trust the new one", why)
        made = cls.create(names, now)
        write_private(folder / "authority.pem", made._pem())
        log.info("made a certificate authority; SHA-256 %s", made.fingerprint)
        return made

    @classmethod
    def create(cls, names: Names, now: datetime) -> Authority:
        """A new authority for this machine."""
        key = ec.generate_private_key(ec.SECP256R1())
        mark = hashlib.sha256(_public_bytes(key)).hexdigest()[:6]  # two machines of one name can be told apart
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sottovoce"),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Sottovoce authority of {names.host[:30]} ({mark})"),
            ]
        )
        identity = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            _builder(subject, subject, key, now, CA_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(identity, critical=False)
            .add_extension(x509.NameConstraints(_permitted(names), None), critical=True)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @property
    def common_name(self) -> str:
        """What people find it under in the settings of a device."""
        return str(self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as phones show it: pairs of hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def der(self) -> bytes:
        """The certificate for devices to install."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def permitted_names(self) -> tuple[str, ...]:
        """Names that the constraints let it vouch for, with what is under them."""
        return tuple(str(base.value) for base in self._permitted if isinstance(base, x509.DNSName))

    def vouchable(self, names: Names) -> tuple[tuple[str, ...], tuple[IPAddress, ...]]:
        """Names and addresses out of ``names`` that the constraints let it vouch for."""
        hosts = self.permitted_names
        networks = [
            ipaddress.ip_network(str(base.value)) for base in self._permitted if isinstance(base, x509.IPAddress)
        ]
        local: list[IPAddress] = [ipaddress.IPv4Address("127.0.0.1"), ipaddress.IPv6Address("::1")]
        dns = tuple(name for name in names.dns if any(name == host or name.endswith(f".{host}") for host in hosts))
        inside = tuple(a for a in (*local, *names.addresses) if any(a in network for network in networks))
        return dns, inside

    def issue(self, names: Names, now: datetime) -> Leaf:
        """A server certificate for ``names`` from now on for :data:`LEAF_DAYS`."""
        key = ec.generate_private_key(ec.SECP256R1())
        dns, addresses = self.vouchable(names)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sottovoce on {names.host[:40]}")])
        others = [*(x509.DNSName(name) for name in dns), *(x509.IPAddress(address) for address in addresses)]
        identity = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(subject, self.certificate.subject, key, now, LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(identity, critical=False)
            .add_extension(x509.SubjectAlternativeName(others), critical=False)
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return Leaf(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))

    @classmethod
    def _read(cls, stored: bytes, folder: Path) -> Authority:
        try:
            key = serialization.load_pem_private_key(stored, None)
            certificate = x509.load_pem_x509_certificate(stored)
            certificate.extensions.get_extension_for_class(x509.NameConstraints)
        except (ValueError, TypeError, x509.ExtensionNotFound) as error:
            raise StateError(f"{folder / 'authority.pem'} is damaged; remove it to get a new authority") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise StateError(
                f"{folder / 'authority.pem'} holds a key of something else; remove it to get a new authority"
            )
        return cls(certificate, key)

    @property
    def _permitted(self) -> list[x509.GeneralName]:
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        return list(constraints.permitted_subtrees or ())

    def _pem(self) -> bytes:
        return _key_pem(self._key) + self.certificate.public_bytes(serialization.Encoding.PEM)


def _permitted(names: Names) -> list[x509.GeneralName]:
    hosts = [x509.DNSName(name) for name in names.dns]
    others: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network] = (
        ipaddress.ip_network((i.ip, max(i.network.prefixlen, _WIDEST[i.version])), strict=False)
        for i in names.interfaces
        if not any(i.ip in network for network in _PRIVATE)
    )
    return [*hosts, *(x509.IPAddress(network) for network in (*_PRIVATE, *dict.fromkeys(others)))]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    start = now.astimezone(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - SKEW)
        .not_valid_after(start + timedelta(days=days))
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
