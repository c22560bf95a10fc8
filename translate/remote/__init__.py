"""A speaker on another machine than the service: sound up, captions down, over a network that may fail."""

from translate.remote.address import RoomAddress, parse_room
from translate.remote.backlog import Backlog
from translate.remote.speaker import RemoteSpeaker
from translate.remote.trust import TrustError, trusted_context

__all__ = ["Backlog", "RemoteSpeaker", "RoomAddress", "TrustError", "parse_room", "trusted_context"]
