"""Every client is an open file to the system, which allows few of them unless asked."""

from __future__ import annotations

import logging
import sys

__all__ = ["allow_open_files"]

log = logging.getLogger(__name__)

_OWN = 256
"""Files of the process itself: models, libraries, logs."""


def allow_open_files(clients: int) -> int:
    """Raises the soft limit so that ``clients`` can connect; says so in the log when the hard limit is lower.

    Returns:
        How many clients can connect.
    """
    if sys.platform == "win32":  # sockets are no files there
        return clients
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = clients + _OWN
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return clients
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < wanted:
        log.warning(
            "only %d files may be open at once, enough for %d clients; for %d, raise the limit to %d"
            " (ulimit -n, or LimitNOFILE of the service)",
            allowed, max(0, allowed - _OWN), clients, wanted,
        )  # fmt: skip
    return max(0, min(clients, allowed - _OWN))
