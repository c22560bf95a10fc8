"""The server's answer to a client's hello."""

from __future__ import annotations

from typing import Final

from translate import __version__
from translate.config import Limits
from translate.languages import AUTO
from translate.protocol import SPEAKER, VERSION, FrameLimits, Joining, Role, ServerHello, View
from translate.server.backend import Offer
from translate.server.rooms.room import Room

__all__ = ["CAPABILITIES", "server_hello"]

CAPABILITIES: Final = ("resume", "snapshot", "set", "device")
"""What every client is offered; some are also asked for ``painted``."""


def server_hello(
    *,
    role: Role,
    room_name: str,
    room: Room | None,
    offer: Offer,
    view: View,
    token: str,
    reports_paints: bool,
    invite: Joining | None,
    limits: Limits,
) -> ServerHello:
    """What a client is told of its room.

    Args:
        role: the client's.
        room_name: of the room that it asked for.
        room: the room, if there is one by that name.
        offer: languages.
        view: what the client reads.
        token: with which it may resume.
        reports_paints: whether it is to report when texts are on its screen.
        invite: the listeners' way in, for those who may show it.
        limits: sizes of frames.
    """
    live = room.live if room is not None else None
    return ServerHello(
        version=VERSION,
        server=f"sottovoce/{__version__}",
        session=live.id if live else None,
        log=room.texts.log_id if room is not None else None,
        role=role,
        room=room_name,
        source=live.spoken if live else None,
        targets=view.targets,
        sources=offer.sources,
        available_targets=live.available if live else offer.targets_for(AUTO),
        mode=view.mode,
        capabilities=(*CAPABILITIES, "painted") if reports_paints else CAPABILITIES,
        resume=token,
        position=live.position if live and role == SPEAKER else None,
        invite=invite,
        limits=FrameLimits(text_frame_bytes=limits.text_frame_bytes, audio_frame_bytes=limits.audio_frame_bytes),
    )
