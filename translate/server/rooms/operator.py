"""The operator's part of a connection: status reports and orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from translate.errors import NotAllowedError, ProtocolError
from translate.events import Notice
from translate.protocol import Control, Invitation, Parcel, Role, RoomStatus, ServerMessage, Status
from translate.server.access.gate import Gate, Grant
from translate.server.access.gate_calls import GateCalls
from translate.server.rooms.audience import audience_of
from translate.server.rooms.room import Room
from translate.server.rooms.rooms import Rooms

__all__ = ["Operator"]

_STATUS_S: Final = 1.0

T = TypeVar("T")


class Operator:
    """One operator's view of the rooms that its token allows.

    Args:
        rooms: all rooms.
        gate: makes and revokes tokens.
        grant: what the operator may do.
        stats: what ``/stats`` tells.
        revoked: called with the id of a token whose connections are to be closed.
        push: sends to the operator.
    """

    def __init__(
        self,
        rooms: Rooms,
        gate: Gate,
        grant: Grant,
        *,
        stats: Callable[[], Mapping[str, Any]],
        revoked: Callable[[str], None],
        push: Callable[[Parcel], None],
    ) -> None:
        self._rooms = rooms
        self._tokens = GateCalls(gate)
        self._grant = grant
        self._stats = stats
        self._revoked = revoked
        self._push = push

    async def report(self) -> None:
        """Sends a status at once and every second; until cancelled."""
        while True:
            self._push(Parcel(self.status()))
            await asyncio.sleep(_STATUS_S)

    def status(self) -> Status:
        """Rooms in which somebody speaks or reads, by name."""
        shown = sorted(self._rooms, key=lambda room: room.name)
        states = [_state(room) for room in shown if self._grant.room in (None, room.name)]
        return Status(rooms=tuple(s for s in states if s.source is not None or s.listeners), server=self._stats())

    async def handle(self, order: Control) -> None:
        """Does what is asked.

        Raises:
            ProtocolError: something that the action needs is missing.
            NotAllowedError: the operator's token is for another room.
        """
        match order.action:
            case "mute" | "unmute":
                if (room := self._room(order)) is not None:
                    room.mute(order.action == "mute")
            case "stop":
                room = self._room(order)
                if room is not None and not room.stop(1000, "stopped by the operator"):
                    self._tell("no_room", f"nobody speaks in room {room.name!r}")
            case "invite":
                await self._invite(order)
            case "revoke":
                await self._revoke(_needed(order, order.token_id, "token_id"))

    def _room(self, order: Control) -> Room | None:
        name = self._allowed(_needed(order, order.room, "room"))
        room = self._rooms.find(name)
        if room is None:
            self._tell("no_room", f"there is no room {name!r}")
        return room

    def _allowed(self, name: str) -> str:
        if self._grant.room not in (None, name):
            raise NotAllowedError(f"this token is not for room {name!r}")
        return name

    async def _invite(self, order: Control) -> None:
        room = self._allowed(_needed(order, order.room, "room"))
        role: Role = _needed(order, order.role, "role")
        made = await self._tokens.invite(role, room, valid_s=order.valid_s)
        if made is None:
            self._tell("no_invite", "other devices cannot reach this service; start it with: sottovoce serve --lan")
            return
        answer: ServerMessage = Invitation(
            role=made.role, room=made.room, url=made.url, qr=made.qr, token_id=made.token_id, expires_s=made.expires_s
        )
        self._push(Parcel(answer))

    async def _revoke(self, token_id: str) -> None:
        if await self._tokens.revoke(token_id, room=self._grant.room):
            self._revoked(token_id)
        else:
            self._tell("no_token", "there is no such token")

    def _tell(self, code: str, message: str) -> None:
        self._push(Parcel(Notice(code, message, retryable=False)))


def _needed(order: Control, value: T | None, name: str) -> T:
    if value is None:
        raise ProtocolError(f"control.{name} is missing; {order.action} needs it")
    return value


def _state(room: Room) -> RoomStatus:
    live = room.live
    targets = room.wanted(live.available, live.spoken, mixed=live.mixed) if live is not None else ()
    return RoomStatus(
        room=room.name,
        source=live.spoken if live is not None else None,
        speaking=room.speaker is not None,
        muted=room.muted,
        listeners=audience_of(room),
        behind_ms=room.talk_metrics.behind_ms(targets),
        latency=room.talk_metrics.latency(),
        conditions=room.conditions,
    )
