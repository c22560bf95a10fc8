"""The server's answer to a client's hello."""

from __future__ import annotations

from typing import Final

from translate import __version__
from translate.config import Limits
from translate.protocol import VERSION, FrameLimits, Joining, Role, ServerHello, View
from translate.server.backend import AUTO, Offer
from translate.server.rooms.room import Room

__all__ = ["CAPABILITIES", "server_hello"]

CAPABILITIES: Final = ("resume", "snapshot", "set", "device")
"""What every client is offered; some are also asked for ``painted``."""


def server_hello(
    *,
    role: Role,
    place: str,
    room: Room | None,
    offer: Offer,
    view: View,
    token: str,
    asked: bool,
    invite: Joining | None,
    limits: Limits,
) -> ServerHello:
    """What a client is told of its room.

    Args:
        role: the client's.
        place: name of the room.
        room: the room, if there is one by that name.
        offer: languages.
        view: what the client reads.
        token: with which it may resume.
        asked: whether it is to report when texts are on its screen.
        invite: the listeners' way in, for those who may show it.
        limits: sizes of frames.
    """
    live = room.live if room is not None else None
    return ServerHello(
        version=VERSION,
        server=f"sottovoce/{__version__}",
        session=live.id if live else None,
        log=room.log_id if room is not None else None,
        role=role,
        room=place,
        source=live.spoken if live else None,
        targets=view.targets,
        sources=offer.sources,
        available_targets=live.available if live else offer.targets_for(AUTO),
        mode=view.mode,
        capabilities=(*CAPABILITIES, "painted") if asked else CAPABILITIES,
        resume=token,
        position=live.position if live and role == "speaker" else None,
        invite=invite,
        limits=FrameLimits(text_frame_bytes=limits.text_frame_bytes, audio_frame_bytes=limits.audio_frame_bytes),
    )
