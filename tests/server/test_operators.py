"""What operators see and order, on real sockets."""

from __future__ import annotations

import dataclasses

import pytest

from tests.server.waiting import is_a
from translate.errors import NotAllowedError
from translate.events import EndOfStream, Notice, Transcript
from translate.protocol import Control, Failure, Invitation, ServerHello, SetView, Status
from translate.server.access.gate import Grant, Invite


class Tokens:
    """A gate with a token for each role, called like it, and ``steward``: an operator of one room."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.asked: list[tuple[str, str, str]] = []

    async def refresh(self):
        pass

    def admit(self, token, *, role, room, peer):
        self.asked.append((role, room, peer))
        if token == "steward" and role == "operator":
            return Grant("operator", room="hall", token_id="steward")
        if token != role or token in self.revoked:
            raise NotAllowedError("this token is not for that")
        return Grant(role, token_id=token)

    def is_revoked(self, grant):
        return grant.token_id in self.revoked

    def invite(self, role, room, *, valid_s=None):
        url = f"https://there/listen?room={room}#t={role}"
        return Invite(role, room, url, "data:image/svg+xml,x", token_id=f"{role}-1", expires_s=valid_s)

    def revoke(self, token_id, *, room=None):
        known = token_id in ("speaker", "listener", "operator")
        self.revoked |= {token_id} if known else set()
        return known


def is_notice(code: str):
    return lambda message: isinstance(message, Notice) and message.code == code


def tells(wanted):
    """Whether a status says so of its first room."""
    return lambda message: isinstance(message, Status) and bool(message.rooms) and wanted(message.rooms[0])


async def test_operator_sees_rooms_and_is_no_listener(server) -> None:
    operator = await server.client()
    hello = await operator.hello("operator")
    assert (hello.role, hello.session, hello.position) == ("operator", None, None)
    assert (await operator.next()).rooms == (), "at once, and before anybody is there"
    speaker, german, reader = [await server.client() for _ in range(3)]
    await speaker.hello("speaker", source="en", room="hall")
    await german.hello(targets=("de",), room="hall")
    await reader.hello(room="hall")
    await speaker.speak(4)
    status = await operator.until(tells(lambda room: "send" in room.latency.stages))
    (room,) = status.rooms
    assert (room.room, room.source, room.speaking, room.muted) == ("hall", "en", True, False)
    assert room.listeners == {"de": 1, "": 1}
    assert room.behind_ms == {"asr": 0, "mt.de": 0}
    assert room.latency.capture_sent_ms is not None
    assert {"asr", "mt"} <= set(room.latency.stages)
    assert status.server["listeners"] == 2
    assert not any(isinstance(e.message, Transcript) for e in operator.messages), "an operator reads nothing"


async def test_operator_with_targets_reads_along(server) -> None:
    operator, speaker = await server.client(), await server.client()
    await operator.hello("operator", targets=("de",))
    await speaker.hello("speaker", source="en")
    await speaker.speak(4)
    await operator.until(lambda m: getattr(m, "lang", "") == "de" and m.final)
    status = await operator.until(is_a(Status))
    assert status.rooms[0].listeners == {}


async def test_muted_speaker_is_not_heard_and_everybody_knows(server, backend) -> None:
    operator, speaker, listener = [await server.client() for _ in range(3)]
    await operator.hello("operator")
    await speaker.hello("speaker", source="en")
    await listener.hello()
    await operator.say(Control(action="mute", room="main"))
    await speaker.until(is_notice("muted"))
    await listener.until(is_notice("muted"))
    await operator.until(tells(lambda room: room.muted))
    late = await server.client()
    await late.hello()
    await late.until(is_notice("muted"))
    await speaker.speak(2)
    await listener.until(lambda m: getattr(m, "committed", "") == "w1 w2")  # so that it has arrived
    await operator.say(Control(action="unmute", room="main"))
    await listener.until(is_notice("unmuted"))
    await speaker.speak(2)
    await speaker.until(lambda m: isinstance(m, Transcript) and m.final)
    assert backend.opened[0].loud == [False, False, True, True], "silence took the place of what was said"


async def test_stop_ends_the_talk_with_its_last_words(server) -> None:
    operator, speaker, listener = [await server.client() for _ in range(3)]
    await operator.hello("operator")
    await speaker.hello("speaker", source="en")
    await listener.hello()
    await speaker.speak(2)
    await listener.until(lambda m: getattr(m, "committed", "") == "w1 w2")
    await operator.say(Control(action="stop", room="main"))
    assert await speaker.closed() == 1000
    assert speaker.socket.close_reason == "stopped by the operator"
    assert speaker.texts("en") == ["w1 w2"]
    assert isinstance(speaker.messages[-1].message, EndOfStream)
    await listener.until(is_a(EndOfStream))
    await operator.say(Control(action="stop", room="main"))
    assert "nobody speaks" in (await operator.until(is_notice("no_room"))).message


async def test_operator_changes_what_is_spoken(server, backend) -> None:
    operator, speaker, listener = [await server.client() for _ in range(3)]
    await operator.hello("operator")
    await speaker.hello("speaker", source="en", room="hall")
    first = await listener.hello(room="hall", targets=("en", "de"))
    session = (await listener.until(is_a(ServerHello))).session if first.session is None else first.session
    await operator.say(SetView(source="es", room="hall"))
    again = await listener.until(is_a(ServerHello))
    assert (again.session, again.source, again.available_targets) == (session, "es", ("de", "en"))
    assert backend.opened[0].spoken == "es"
    assert backend.opened[0].targets == ("en", "de"), "English is a translation now"
    await speaker.until(is_a(ServerHello))
    await operator.say(SetView(source="fr", room="hall"))
    assert (await operator.until(is_a(Notice))).code == "bad_language"


async def test_invitations_and_revocation(start) -> None:
    gate = Tokens()
    server = await start(gate=gate)
    operator, speaker, listener = [await server.client() for _ in range(3)]
    hello = await operator.hello("operator", token="operator")
    assert hello.invite.url == "https://there/listen?room=main#t=listener"
    assert (await speaker.hello("speaker", source="en", token="speaker", room="hall")).invite is not None
    assert (await listener.hello(token="listener", room="hall")).invite is None
    assert gate.asked[1] == ("speaker", "hall", "127.0.0.1")
    await operator.say(Control(action="invite", role="speaker", room="hall", valid_s=60))
    invitation = await operator.until(is_a(Invitation))
    assert (invitation.role, invitation.room, invitation.token_id, invitation.expires_s) == (
        ("speaker", "hall", "speaker-1", 60)
    )
    await operator.say(Control(action="revoke", token_id="listener"))
    assert await listener.closed() == 4401
    assert listener.socket.close_reason == "revoked"
    await operator.say(Control(action="revoke", token_id="strange"))
    await operator.until(is_notice("no_token"))
    await speaker.speak(4)
    await speaker.until(lambda m: isinstance(m, Transcript) and m.final)


async def test_connection_ends_when_its_token_does(start) -> None:
    gate = Tokens()
    server = await start(gate=gate, send_ms=100)
    listener = await server.client()
    await listener.hello(token="listener")
    gate.revoked.add("listener")  # by another process, or by time
    assert await listener.closed() == 4401


@pytest.mark.parametrize("role", ["speaker", "listener", "operator"])
@pytest.mark.parametrize("token", [None, "", "listene", "x" * 512])
async def test_wrong_tokens_get_nowhere(start, backend, role, token) -> None:
    server = await start(gate=Tokens())
    client = await server.client()
    await client.say_hello(role, token=token)
    failure = await client.next()
    assert isinstance(failure, Failure)
    assert (failure.code, failure.retryable) == ("not_allowed", False)
    assert await client.closed() == 4401
    assert backend.opened == []
    await server.until(lambda stats: stats["rooms"] == 0)


async def test_steward_of_one_room_orders_nothing_elsewhere(start) -> None:
    orders = (
        Control(action="stop", room="other"),
        Control(action="invite", role="listener", room="other"),
        SetView(source="de", room="other"),
    )
    server = await start(gate=Tokens())
    speaker = await server.client()
    await speaker.hello("speaker", source="en", room="other", token="speaker")
    for order in orders:
        steward = await server.client()
        await steward.hello("operator", room="hall", token="steward")
        assert (await steward.until(is_a(Status))).rooms == (), "other rooms are not shown"
        await steward.say(order)
        assert await steward.closed() == 4401
    await speaker.speak(4)
    await speaker.until(lambda m: isinstance(m, Transcript) and m.final)


@pytest.mark.parametrize("role", ["speaker", "listener"])
async def test_only_operators_order(server, role) -> None:
    client = await server.client()
    await client.hello(role)
    await client.say(Control(action="stop", room="main"))
    assert (await client.until(is_a(Failure))).code == "not_allowed"
    assert await client.closed() == 4401


@pytest.mark.parametrize(
    "order", [Control(action="mute"), Control(action="invite", room="main"), Control(action="revoke")]
)
async def test_an_order_without_what_it_needs_is_a_bad_message(server, order) -> None:
    operator = await server.client()
    await operator.hello("operator")
    await operator.say(dataclasses.replace(order))
    assert "is missing" in (await operator.until(is_a(Failure))).message
    assert await operator.closed() == 4400
