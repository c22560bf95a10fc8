"""A WebSocket connection to the host that was named, and to no other."""

from __future__ import annotations

from websockets.asyncio.client import connect

__all__ = ["connect_directly"]


class connect_directly(connect):  # noqa: N801  # as the library's own name
    """:class:`websockets.asyncio.client.connect`, but a redirect is an error.

    The library would follow it to any host, and a token and the sound of a room would go there.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Take the answer for what it is: no WebSocket."""
        return exc
