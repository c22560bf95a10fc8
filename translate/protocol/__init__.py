"""The wire protocol ``sottovoce.v1``, sans I/O: messages, state of a connection, replay log, outbox.

Nothing here knows sockets or asyncio; clocks are given in.
"""

from translate.protocol.audio_frame import AudioFrame, decode_audio, encode_audio
from translate.protocol.envelope import Envelope, decode, decode_server, encode, encode_client
from translate.protocol.log import Cursor, ReplayLog, TextEvent, snapshots
from translate.protocol.messages import (
    SUBPROTOCOL,
    VERSION,
    ClientHello,
    ClientMessage,
    End,
    Failure,
    FrameLimits,
    FrameSizeError,
    Mode,
    Painted,
    Ping,
    Pong,
    Role,
    ServerHello,
    ServerMessage,
    SetView,
    Snapshot,
    SnapshotTranscript,
    SnapshotTranslation,
)
from translate.protocol.outbox import Outbox, SlowReaderError
from translate.protocol.schema import schema, schema_of
from translate.protocol.state import ServerState
from translate.protocol.view import View

__all__ = [
    "SUBPROTOCOL",
    "VERSION",
    "AudioFrame",
    "ClientHello",
    "ClientMessage",
    "Cursor",
    "End",
    "Envelope",
    "Failure",
    "FrameLimits",
    "FrameSizeError",
    "Mode",
    "Outbox",
    "Painted",
    "Ping",
    "Pong",
    "ReplayLog",
    "Role",
    "ServerHello",
    "ServerMessage",
    "ServerState",
    "SetView",
    "SlowReaderError",
    "Snapshot",
    "SnapshotTranscript",
    "SnapshotTranslation",
    "TextEvent",
    "View",
    "decode",
    "decode_audio",
    "decode_server",
    "encode",
    "encode_audio",
    "encode_client",
    "schema",
    "schema_of",
    "snapshots",
]
