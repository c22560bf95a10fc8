"""What a client may say when, and how what is sent to it is numbered; time is given in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import Limits
from translate.errors import AudioError, NotAllowedError, ProtocolError, SottovoceError
from translate.events import Marks, SpeechSpan, Transcript
from translate.protocol import (
    AudioFrame,
    ClientHello,
    Control,
    End,
    FrameSizeError,
    Painted,
    Parcel,
    Ping,
    ServerState,
    SetView,
    Snapshot,
    decode_server,
    encode_audio,
    encode_client,
)

AUDIO = encode_audio(AudioFrame(0, bytes(320)))


class Talk:
    """A state with a clock to set and a client that counts for itself."""

    def __init__(self, role: str | None = None) -> None:
        self.now_ms = 0.0
        self.state = ServerState(Limits(), lambda: self.now_ms)
        self.said = 0
        self.state.ask_for_paints()
        if role:
            self.say(ClientHello(versions=("v0", "v1"), role=role))

    def say(self, message, *, skip: int = 0):
        self.said += 1 + skip
        return self.state.receive(encode_client(message, seq=self.said, t_ms=0))

    def send(self, message):
        return decode_server(self.state.send(Parcel(message)))


def text(capture: float | None = 5.0) -> Transcript:
    return Transcript(0, 1, "en", "a", "", False, 0, 1, (), Marks(capture=capture))


@pytest.mark.parametrize("message", [Ping(client_ms=1), End(), SetView(), Painted(event_seq=1, painted_ms=0)])
def test_hello_comes_first(message) -> None:
    with pytest.raises(ProtocolError, match="first message must be hello"):
        Talk().say(message)


def test_audio_before_hello_is_refused() -> None:
    with pytest.raises(ProtocolError, match="audio came before hello"):
        Talk().state.receive(AUDIO)


@pytest.mark.parametrize("role", ["speaker", "listener"])
def test_hello_comes_once(role) -> None:
    talk = Talk(role)
    assert (talk.state.phase, talk.state.role) == ("open", role)
    with pytest.raises(ProtocolError, match="only once"):
        talk.say(ClientHello(versions=("v1",), role=role))


def test_a_common_version_is_needed() -> None:
    with pytest.raises(ProtocolError, match="v1"):
        Talk().say(ClientHello(versions=("v2",), role="speaker"))


def test_speaker_sends_audio_until_end() -> None:
    talk = Talk("speaker")
    assert talk.state.receive(AUDIO) == AudioFrame(0, bytes(320))
    talk.say(End())
    assert talk.say(Ping(client_ms=1)) == Ping(client_ms=1)
    with pytest.raises(ProtocolError, match="after end"):
        talk.state.receive(AUDIO)
    with pytest.raises(ProtocolError, match="only once"):
        talk.say(End())


def test_listener_sends_neither_audio_nor_end() -> None:
    with pytest.raises(ProtocolError, match="only a speaker may send audio"):
        Talk("listener").state.receive(AUDIO)
    with pytest.raises(ProtocolError, match="only a speaker may send end"):
        Talk("listener").say(End())


@given(st.data())
def test_any_sequence_of_frames_is_understood_or_refused_with_a_typed_error(strategies, data) -> None:
    """Valid messages in any order, from any role, numbered rightly or not, between bytes of any kind."""
    state, said = ServerState(Limits(), lambda: 0.0), 0
    for _ in range(data.draw(st.integers(1, 8))):
        frame = data.draw(st.binary(max_size=24) | st.text(max_size=24) | strategies.client)
        if not isinstance(frame, (bytes, str)):
            said += data.draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
            frame = encode_client(frame, seq=max(said, 1), t_ms=0)
        before, refusal = (state.phase, state.role), None
        try:
            state.receive(frame)
        except SottovoceError as error:
            refusal = error
        if refusal is not None:
            assert refusal.close_code in (1009, 4400, 4401)
            assert "\n" not in str(refusal)
            return
        assert before[0] == "new" or state.role == before[1], "a role is for good"
        assert state.phase != "new"


@pytest.mark.parametrize("skip", [1, 5, -1])
def test_client_numbers_have_no_gap(skip) -> None:
    talk = Talk("listener")
    talk.say(Ping(client_ms=1))
    with pytest.raises(ProtocolError, match="where 3 was due"):
        talk.say(Ping(client_ms=1), skip=skip)


def test_frames_are_bounded() -> None:
    talk = Talk("speaker")
    with pytest.raises(FrameSizeError):
        talk.state.receive(bytes(Limits().audio_frame_bytes + 1))
    with pytest.raises(FrameSizeError):
        talk.state.receive(" " * (Limits().text_frame_bytes + 1))
    with pytest.raises(AudioError, match="even"):
        talk.state.receive(AUDIO[:-1])


@pytest.mark.parametrize("role", ["speaker", "listener"])
def test_only_operators_control(role) -> None:
    for order in (Control(action="stop", room="main"), Control(action="revoke", token_id="x")):
        with pytest.raises(NotAllowedError) as refused:
            Talk(role).say(order)
        assert refused.value.close_code == 4401
        assert Talk("operator").say(order) == order


def test_who_may_say_what_is_spoken() -> None:
    change = SetView(source="de")
    assert Talk("speaker").say(change) == change
    assert Talk("operator").say(change) == change
    with pytest.raises(NotAllowedError):
        Talk("listener").say(change)


def test_sent_messages_are_numbered_and_stamped() -> None:
    talk = Talk("listener")
    for number in range(1, 4):
        talk.now_ms = 10.0 * number
        envelope = talk.send(text() if number == 2 else SpeechSpan("started", 0, 0.0))
        assert (envelope.seq, envelope.t_ms) == (number, 10.0 * number)
    assert talk.send(Snapshot(segments=(), last_seq=0)).message.last_seq == 4 == talk.state.last_seq


@pytest.mark.parametrize(
    ("painted_ms", "now_ms", "expected"),
    [
        (140.0, 200.0, (135.0, 40.0)),
        (100.0, 200.0, (95.0, 0.0)),
        (90.0, 200.0, (85.0, 0.0)),  # before it was sent: clocks differ
        (-200.0, 200.0, None),  # long before it was sent
        (900.0, 200.0, None),  # in the future
    ],
)
def test_painted_is_judged(painted_ms, now_ms, expected) -> None:
    talk = Talk("listener")
    talk.now_ms = 100.0
    talk.send(text(capture=5.0))
    talk.now_ms = now_ms
    report = Painted(event_seq=1, painted_ms=painted_ms)
    assert talk.state.painted(report) == expected
    assert talk.state.painted(report) is None, "a second report does not count"


def test_painted_of_anything_else_does_not_count() -> None:
    talk = Talk("listener")
    talk.send(SpeechSpan("started", 0, 0.0))
    talk.send(text(capture=None))
    for seq in (1, 2):
        assert talk.state.painted(Painted(event_seq=seq, painted_ms=0.0)) is None
    with pytest.raises(ProtocolError, match="never sent"):
        talk.state.painted(Painted(event_seq=3, painted_ms=0.0))


def test_reports_of_a_client_that_was_not_asked_do_not_count() -> None:
    state = ServerState(Limits(), lambda: 5.0)
    state.send(Parcel(text()))
    assert state.painted(Painted(event_seq=1, painted_ms=5.0)) is None


def test_another_clock_forgets_what_was_sent_on_the_old_one() -> None:
    talk = Talk("listener")
    talk.send(text())
    talk.state.restart_clock(lambda: 0.5)
    assert talk.state.painted(Painted(event_seq=1, painted_ms=0.0)) is None
    assert talk.send(text()).t_ms == 0.5
