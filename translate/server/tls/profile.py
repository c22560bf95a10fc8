"""The authority's certificate as iPhones and iPads install it."""

from __future__ import annotations

import plistlib
import uuid

from translate.server.tls.authority import Authority

__all__ = ["mobileconfig"]


def mobileconfig(authority: Authority) -> bytes:
    """An Apple configuration profile with the certificate.

    Its identifiers follow from the certificate: installing it again replaces it, another authority's stands beside it.
    """
    of_payload, of_profile = (uuid.uuid5(uuid.NAMESPACE_OID, authority.fingerprint + part) for part in ("/1", "/0"))
    name = authority.common_name
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"sottovoce.authority.{of_payload}",
        "PayloadUUID": str(of_payload).upper(),
        "PayloadDisplayName": name,
        "PayloadCertificateFileName": "sottovoce-authority.crt",
        "PayloadContent": authority.der,
    }
    profile = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"sottovoce.profile.{of_profile}",
        "PayloadUUID": str(of_profile).upper(),
        "PayloadDisplayName": name,
        "PayloadDescription": "Lets this device trust the captions service of one machine on the local network.",
        "PayloadRemovalDisallowed": False,
        "PayloadContent": [payload],
    }
    return plistlib.dumps(profile)
