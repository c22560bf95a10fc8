"""Calls of the gate that write files, made in a thread: they may wait seconds for a lock, and for the disk."""

from __future__ import annotations

import asyncio

from translate.protocol import Role
from translate.server.access.gate import Gate, Invite

__all__ = ["GateCalls"]


class GateCalls:
    """See :class:`translate.server.access.gate.Gate`; nothing here holds up the event loop.

    Args:
        gate: whose methods are called.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def invite(self, role: Role, room: str, *, valid_s: float | None = None) -> Invite | None:
        """See :meth:`Gate.invite`."""
        return await asyncio.to_thread(self._gate.invite, role, room, valid_s=valid_s)

    async def revoke(self, token_id: str, *, room: str | None = None) -> bool:
        """See :meth:`Gate.revoke`."""
        return await asyncio.to_thread(self._gate.revoke, token_id, room=room)
