"""The wire protocol ``sottovoce.v1``, sans I/O: messages, state of a connection, replay log, outbox.

Nothing here knows sockets or asyncio; clocks are given in.
"""

from translate.protocol.audio_frame import AudioFrame, decode_audio, encode_audio
from translate.protocol.envelope import Envelope, UnknownTypeError, decode, decode_server, encode, encode_client
from translate.protocol.log import Cursor, ReplayLog, TextEvent, continued, snapshots, text_key
from translate.protocol.messages import (
    SUBPROTOCOL,
    VERSION,
    Audience,
    ClientHello,
    ClientMessage,
    Control,
    Device,
    DeviceState,
    End,
    Failure,
    FrameLimits,
    FrameSizeError,
    Invitation,
    Joining,
    Mode,
    Painted,
    Ping,
    Pong,
    ServerHello,
    ServerMessage,
    SetView,
    Snapshot,
    SnapshotTranscript,
    SnapshotTranslation,
)
from translate.protocol.outbox import Outbox, SlowReaderError
from translate.protocol.painted import Paint
from translate.protocol.parcel import Parcel
from translate.protocol.roles import LISTENER, OPERATOR, SPEAKER, Role
from translate.protocol.schema import schema, schema_of
from translate.protocol.state import ServerState
from translate.protocol.status import Quantiles, RoomLatency, RoomStatus, Status
from translate.protocol.view import View

__all__ = [
    "LISTENER",
    "OPERATOR",
    "SPEAKER",
    "SUBPROTOCOL",
    "VERSION",
    "Audience",
    "AudioFrame",
    "ClientHello",
    "ClientMessage",
    "Control",
    "Cursor",
    "Device",
    "DeviceState",
    "End",
    "Envelope",
    "Failure",
    "FrameLimits",
    "FrameSizeError",
    "Invitation",
    "Joining",
    "Mode",
    "Outbox",
    "Paint",
    "Painted",
    "Parcel",
    "Ping",
    "Pong",
    "Quantiles",
    "ReplayLog",
    "Role",
    "RoomLatency",
    "RoomStatus",
    "ServerHello",
    "ServerMessage",
    "ServerState",
    "SetView",
    "SlowReaderError",
    "Snapshot",
    "SnapshotTranscript",
    "SnapshotTranslation",
    "Status",
    "TextEvent",
    "UnknownTypeError",
    "View",
    "continued",
    "decode",
    "decode_audio",
    "decode_server",
    "encode",
    "encode_audio",
    "encode_client",
    "schema",
    "schema_of",
    "snapshots",
    "text_key",
]
