"""Every message of the wire protocol; docs/PROTOCOL.md says what they mean.

What flows between the stages (:mod:`translate.events`) goes on the wire as it is; this module adds the messages that
only the wire has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from translate.errors import ProtocolError
from translate.events import EndOfStream, Lag, Notice, SpeechSpan, Transcript, Translation
from translate.languages import AUTO
from translate.modes import FAST, Mode
from translate.notice_codes import DeviceState
from translate.protocol.codec import bounded
from translate.protocol.roles import Role
from translate.protocol.status import Status

__all__ = [
    "CLIENT_TYPES",
    "SERVER_TYPES",
    "SUBPROTOCOL",
    "VERSION",
    "Audience",
    "ClientHello",
    "ClientMessage",
    "Control",
    "Device",
    "DeviceState",
    "End",
    "Failure",
    "FrameLimits",
    "FrameSizeError",
    "Invitation",
    "Joining",
    "Mode",
    "Painted",
    "Ping",
    "Pong",
    "Role",
    "ServerHello",
    "ServerMessage",
    "SetView",
    "Snapshot",
    "SnapshotTranscript",
    "SnapshotTranslation",
]

VERSION: Final = "v1"
SUBPROTOCOL: Final = "sottovoce.v1"
MAX_TARGETS: Final = 16
MAX_VALID_S: Final = 366 * 86_400
_LANGUAGE: Final = r"[A-Za-z][A-Za-z0-9_-]{0,34}"
DEFAULT_ROOM: Final = "main"
"""The room of a client that names none."""
ROOM_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._~-]{0,63}"


class FrameSizeError(ProtocolError):
    """A frame is larger than the server's ``hello`` allows."""

    code = "too_large"
    close_code = 1009


# --- from the client -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """The first message of a client: who it is and what it wants."""

    versions: tuple[str, ...] = bounded(max_items=16, max_length=16)
    role: Role
    room: str = bounded(DEFAULT_ROOM, max_length=64, min_length=1, pattern=ROOM_NAME)
    source: str = bounded(AUTO, max_length=35, min_length=1, pattern=_LANGUAGE)
    """The spoken language, or ``auto``; a listener's is ignored."""
    allowed_sources: tuple[str, ...] = bounded((), max_items=128, max_length=35, min_length=1, pattern=_LANGUAGE)
    targets: tuple[str, ...] = bounded((), max_items=MAX_TARGETS, max_length=35, min_length=1, pattern=_LANGUAGE)
    mode: Mode = FAST
    capabilities: tuple[str, ...] = bounded((), max_items=64, max_length=64)
    token: str | None = bounded(None, max_length=512)
    resume: str | None = bounded(None, max_length=128)
    last_seq: int | None = bounded(None, low=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetView:
    """``set``: change what this client is shown, or what is spoken; what is left out stays."""

    targets: tuple[str, ...] | None = bounded(
        None, max_items=MAX_TARGETS, max_length=35, min_length=1, pattern=_LANGUAGE
    )
    mode: Mode | None = None
    source: str | None = bounded(None, max_length=35, min_length=1, pattern=_LANGUAGE)
    """From the next segment on, this language is spoken (or ``auto``); from the speaker, or an operator."""
    room: str | None = bounded(None, max_length=64, min_length=1, pattern=ROOM_NAME)
    """Whose ``source`` an operator changes; its own room when left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """An operator's order; which of the other fields are needed depends on ``action``."""

    action: Literal["mute", "unmute", "stop", "invite", "revoke"]
    room: str | None = bounded(None, max_length=64, min_length=1, pattern=ROOM_NAME)
    role: Role | None = None
    valid_s: float | None = bounded(None, low=1, high=MAX_VALID_S)
    token_id: str | None = bounded(None, max_length=128, min_length=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """A text event is on the screen: its ``seq``, and when, on the server's session clock."""

    event_seq: int = bounded(low=1)
    painted_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Asks for a :class:`Pong`, to map the client's clock to the server's."""

    client_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The speaker has finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """``device``: how the speaker's microphone is; everybody in the room is told."""

    state: DeviceState


ClientMessage = ClientHello | SetView | Control | Painted | Ping | Device | End


# --- from the server -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLimits:
    """Largest frames that the server accepts, in bytes."""

    text_frame_bytes: int
    audio_frame_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """The listeners' way into a room."""

    url: str
    qr: str
    """The URL as a QR code: a ``data:`` URI of an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """Answers a client's hello; sent again when another session starts in its room or other speech is expected."""

    version: Literal["v1"]
    server: str
    session: str | None = None
    """Names the session of the room; left out while nobody speaks there."""
    log: str | None = None
    """Names the numbering of the segments, which outlives sessions; another one: the numbers begin anew."""
    role: Role
    room: str
    source: str | None = None
    targets: tuple[str, ...]
    sources: tuple[str, ...]
    available_targets: tuple[str, ...]
    mode: Mode
    capabilities: tuple[str, ...]
    resume: str
    position: int | None = None
    """For a speaker: the sample that the server expects next."""
    invite: Joining | None = None
    """For speakers and operators; left out when other devices cannot reach the service."""
    limits: FrameLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTranscript:
    """The latest transcript of one segment, without its words and marks."""

    TYPE = "transcript"
    segment: int
    rev: int
    lang: str
    committed: str
    tail: str
    final: bool
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTranslation:
    """The latest translation of one segment into one language, without its marks."""

    TYPE = "translation"
    segment: int
    rev: int
    lang: str
    committed: str
    tail: str
    final: bool
    source_rev: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a client that has just come, or was away for too long, needs: the latest text of each segment."""

    segments: tuple[SnapshotTranscript | SnapshotTranslation, ...]
    last_seq: int
    """The ``seq`` of this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """Answers a :class:`Ping`."""

    client_ms: float
    server_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """``error``: the connection is closed after it."""

    code: str
    message: str
    retryable: bool
    retry_after_s: float | None = None
    """When another try may help, in seconds from now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """``invite``: answers an operator's control ``invite``."""

    role: Role
    room: str
    url: str
    qr: str
    token_id: str | None = None
    """For ``revoke``; left out: the way in needs no token."""
    expires_s: float | None = None
    """Unix time; left out: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Tells a speaker who reads, if its hello had the capability ``audience``."""

    listeners: Mapping[str, int]
    """By language; under the empty name those who read only the transcript."""


ServerMessage = (
    ServerHello
    | SpeechSpan
    | Transcript
    | Translation
    | Lag
    | Notice
    | Snapshot
    | Pong
    | EndOfStream
    | Invitation
    | Audience
    | Status
    | Failure
)

CLIENT_TYPES: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "hello": ClientHello,
        "set": SetView,
        "control": Control,
        "painted": Painted,
        "ping": Ping,
        "device": Device,
        "end": End,
    }
)
SERVER_TYPES: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "hello": ServerHello,
        "speech": SpeechSpan,
        "transcript": Transcript,
        "translation": Translation,
        "lag": Lag,
        "notice": Notice,
        "snapshot": Snapshot,
        "pong": Pong,
        "end": EndOfStream,
        "invite": Invitation,
        "audience": Audience,
        "status": Status,
        "error": Failure,
    }
)
