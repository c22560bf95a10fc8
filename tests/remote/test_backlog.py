"""Sound that waits for the network, and links to rooms: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.remote.messages import hello, text
from translate.errors import ConfigError
from translate.events import RATE_HZ, Translation
from translate.protocol import Snapshot, SnapshotTranscript
from translate.remote import Backlog, RoomAddress, parse_room
from translate.remote.inbox import Inbox


def seconds(count: int) -> bytes:
    return bytes(2 * RATE_HZ * count)


@given(st.data())
def test_whatever_the_network_does_the_server_gets_every_sample_in_order(data) -> None:
    """A server that takes what it is sent, drops the connection at any moment, and sometimes forgets the session."""
    backlog, said, server, confirmed_from = Backlog(), 0, bytearray(), 0
    earlier: list[bytes] = []
    for _ in range(data.draw(st.integers(1, 40))):
        match data.draw(st.sampled_from(["say", "send", "lose", "pong", "drop", "forget"])):
            case "say":
                pcm = bytes((said + n) % 251 for n in range(2 * data.draw(st.integers(1, 5))))
                said += len(pcm)
                backlog.push(pcm)
            case "send" | "lose" as fate:
                frame = backlog.take()
                if frame is not None and fate == "send":
                    assert 2 * frame.position <= len(server), "no gap: nothing was dropped"
                    server += frame.pcm[max(0, len(server) - 2 * frame.position) :]
                elif frame is not None:  # lost with the connection
                    backlog.resume(len(server) // 2)
                    confirmed_from = len(server)
            case "pong":
                backlog.confirm(min(backlog.sent_end, len(server) // 2))
                confirmed_from = len(server)
            case "drop":
                backlog.resume(len(server) // 2)
                confirmed_from = len(server)
            case "forget":
                earlier.append(bytes(server[:confirmed_from]))
                backlog.restart()
                server, confirmed_from = bytearray(), 0
    while (frame := backlog.take()) is not None:
        server += frame.pcm[max(0, len(server) - 2 * frame.position) :]
    assert b"".join(earlier) + bytes(server) == bytes(n % 251 for n in range(said))


def test_of_more_than_a_minute_the_newest_is_kept_in_its_place() -> None:
    backlog = Backlog()
    for _ in range(70):
        backlog.push(seconds(1))
    first = backlog.take()
    assert first is not None
    assert first.position == 10 * RATE_HZ
    assert backlog.dropped == 10 * RATE_HZ


def test_a_gap_that_the_protocol_refuses_is_shortened() -> None:
    backlog = Backlog()
    backlog.push(seconds(1))
    backlog.take()
    backlog.confirm(RATE_HZ)
    for _ in range(130):
        backlog.push(seconds(1))
    backlog.resume(RATE_HZ)
    frame = backlog.take()
    assert frame is not None
    assert frame.position == 2 * RATE_HZ


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://192.168.1.20:8766/?room=hall#t=abc.def", RoomAddress("192.168.1.20", 8766, True, "hall", "abc.def")),
        ("http://localhost:8765/", RoomAddress("localhost", 8765, False)),
        ("https://[fd00::2]:8766/#t=x", RoomAddress("fd00::2", 8766, True, "main", "x")),
        ("wss://captions.local", RoomAddress("captions.local", 443, True)),
        ("https://h/listen?room=a&room=b&to=de#t=x&u=y", RoomAddress("h", 443, True, "b", "x")),
    ],
)
def test_links(url, address) -> None:
    assert parse_room(url) == address


@pytest.mark.parametrize(
    "url", ["", "hall", "192.168.1.20:8766", "ftp://h/#t=SECRET", "https://h:99999/#t=SECRET", "https:///"]
)
def test_no_links(url) -> None:
    with pytest.raises(ConfigError) as error:
        parse_room(url)
    assert "SECRET" not in str(error.value)
    assert "\n" not in str(error.value)


def test_no_message_shows_the_token() -> None:
    address = parse_room("https://h:1/#t=SECRET")
    assert "SECRET" not in f"{address} {address.websocket} {address.authority}"


def test_inbox_shows_each_revision_once_and_numbers_on() -> None:
    inbox = Inbox()
    inbox.greet(hello("a"))
    assert [t.segment for t in inbox.texts(text(0, 1, "one"))] == [0]
    assert list(inbox.texts(text(0, 1, "one"))) == []
    inbox.greet(hello("a"))  # came back
    part = SnapshotTranscript(
        segment=0, rev=2, lang="en", committed="one two", tail="", final=True, start_ms=0, end_ms=1
    )
    shown = list(inbox.texts(Snapshot(segments=(part,), last_seq=2)))
    assert [(t.segment, t.committed, t.final) for t in shown] == [(0, "one two", True)]
    assert list(inbox.texts(text(0, 3, "one two"))) == [], "after the final"
    assert list(inbox.texts(Translation(0, 1, "de", "eins", "", False, 1))) != []
    inbox.greet(hello("b"))  # the server was started anew
    assert [t.segment for t in inbox.texts(text(0, 1, "three"))] == [1]
