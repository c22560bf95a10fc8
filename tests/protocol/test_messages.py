"""Messages to JSON and back, against the schema and the golden examples, and whatever else may come."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from translate.errors import AudioError, ProtocolError
from translate.events import Marks, Transcript
from translate.protocol import (
    AudioFrame,
    ClientHello,
    Envelope,
    FrameSizeError,
    Ping,
    ServerHello,
    Snapshot,
    decode,
    decode_audio,
    decode_server,
    encode,
    encode_audio,
    encode_client,
    schema,
)
from translate.protocol.envelope import MAX_DEPTH
from translate.protocol.messages import CLIENT_TYPES, SERVER_TYPES

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
DOCS = Path(__file__).parents[2] / "docs" / "PROTOCOL.md"
SEQ = 7
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def test_client_messages_survive_the_wire_and_fit_the_schema(strategies, validators) -> None:
    @given(strategies.client, strategies.tenths)
    def survive(message, t_ms) -> None:
        text = encode_client(message, seq=SEQ, t_ms=t_ms)
        assert decode(text) == Envelope(SEQ, t_ms, message)
        validators["client"].validate(json.loads(text))

    survive()


def test_server_messages_survive_the_wire_and_fit_the_schema(strategies, validators) -> None:
    @given(strategies.server, strategies.tenths)
    def survive(message, t_ms) -> None:
        if isinstance(message, Snapshot):
            message = dataclasses.replace(message, last_seq=SEQ)
        text = encode(message, seq=SEQ, t_ms=t_ms)
        assert decode_server(text) == Envelope(SEQ, t_ms, message)
        fields = json.loads(text)
        validators["server"].validate(fields)
        assert set(fields) <= set(schema()["$defs"][f"server_{fields['type']}"]["properties"])

    survive()


@given(st.text() | st.binary() | ANY_JSON.map(json.dumps))
def test_whatever_comes_is_a_message_or_a_protocol_error(anything) -> None:
    for decoder in (decode, decode_server):
        said = ""
        try:
            decoder(anything)
        except ProtocolError as error:
            said = str(error)
        assert len(said) < 300
        assert "\n" not in said


@given(st.data())
def test_what_is_accepted_fits_the_schema(strategies, validators, data) -> None:
    """A valid message with one field changed to anything: decoder and schema agree."""
    fields = json.loads(encode_client(data.draw(strategies.client), seq=1, t_ms=0))
    name = data.draw(st.sampled_from([*sorted(set(fields) - {"type"}), "extra"]))
    fields[name] = data.draw(ANY_JSON)
    text = json.dumps(fields)
    try:
        decode(text)
    except ProtocolError:
        return
    validators["client"].validate(json.loads(text))


@given(st.data())
def test_unknown_fields_are_ignored(strategies, data) -> None:
    message = data.draw(strategies.client)
    fields = json.loads(encode_client(message, seq=1, t_ms=0))
    fields |= data.draw(st.dictionaries(st.text(max_size=5).map(lambda s: "x_" + s), st.integers(), max_size=3))
    assert decode(json.dumps(fields)).message == message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"type":"ping","seq":1,"t_ms":0}', "ping.client_ms is missing"),
        ('{"type":"ping","seq":1,"t_ms":0,"client_ms":"1"}', "ping.client_ms must be a number"),
        ('{"type":"ping","seq":1,"t_ms":0,"client_ms":true}', "ping.client_ms must be a number"),
        ('{"type":"ping","seq":1,"t_ms":0,"client_ms":1e999}', "ping.client_ms is out of range"),
        ('{"type":"ping","seq":0,"t_ms":0,"client_ms":1}', "ping.seq must be from 1"),
        ('{"type":"ping","seq":1.5,"t_ms":0,"client_ms":1}', "ping.seq must be a whole number"),
        ('{"type":"ping","t_ms":0,"client_ms":1}', "ping.seq is missing"),
        ('{"type":"hello","seq":1,"t_ms":0,"versions":["v1"],"role":"x"}', "hello.role must be one of"),
        ('{"type":"hello","seq":1,"t_ms":0,"versions":[1],"role":"speaker"}', r"hello.versions\[0\]"),
        ('{"type":"set","seq":1,"t_ms":0,"targets":["de","e s"]}', r"set.targets\[1\] must match"),
        ('{"type":"set","seq":1,"t_ms":0,"targets":' + json.dumps(["de"] * 17) + "}", "set.targets may hold 16"),
        ('{"type":"hello","seq":1,"t_ms":0,"versions":["\\ud800"],"role":"speaker"}', "half a surrogate pair"),
        ('{"type":["hello"]}', "unknown message type"),
        ("{}", "unknown message type None"),
        ("7", "must be a JSON object"),
        ('{"type":"ping","seq":1,"t_ms":Infinity,"client_ms":1}', "not JSON"),
        ('{"a":' * 20_000, "at most 16384"),
        ('{"a":' * 3_000, "moderate depth|not JSON"),
        ('{"type":"end","seq":1,"t_ms":0,"x":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}", "nested deeper"),
    ],
)
def test_the_error_says_what_is_wrong(text, named) -> None:
    with pytest.raises(ProtocolError, match=named):
        decode(text)


def test_moderate_nesting_and_repeated_keys_do_no_harm() -> None:
    nested = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    text = f'{{"type":"end","type":"ping","seq":1,"t_ms":0,"client_ms":1,"client_ms":2,"x":{nested}}}'
    assert decode(text).message == Ping(client_ms=2)


def test_size_is_counted_in_bytes() -> None:
    text = encode_client(ClientHello(versions=("v1",), role="listener", token="ж" * 100), seq=1, t_ms=0)
    assert decode(text, max_bytes=len(text.encode())).message.token == "ж" * 100
    with pytest.raises(FrameSizeError) as error:
        decode(text, max_bytes=len(text.encode()) - 1)
    assert error.value.close_code == 1009


def test_text_goes_out_as_utf8_not_as_escapes() -> None:
    event = Transcript(0, 1, "ru", "жук", "", False, 0, 1, (), Marks(capture=1.25))
    assert '"committed":"жук"' in encode(event, seq=1, t_ms=0)


def test_schema_is_valid_and_has_every_message() -> None:
    Draft202012Validator.check_schema(schema())
    assert {name for name in schema()["$defs"] if name.startswith("client_")} == {f"client_{n}" for n in CLIENT_TYPES}
    assert {name for name in schema()["$defs"] if name.startswith("server_")} == {f"server_{n}" for n in SERVER_TYPES}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_examples(path, validators) -> None:
    direction, _, name = path.stem.partition("_")
    text = path.read_text("utf-8")
    fields = json.loads(text)
    assert fields["type"] == name
    validators[direction].validate(fields)
    decoder, encoder = (decode, encode_client) if direction == "client" else (decode_server, encode)
    envelope = decoder(text)
    assert json.loads(encoder(envelope.message, seq=envelope.seq, t_ms=envelope.t_ms)) == fields
    assert text.strip() in DOCS.read_text("utf-8"), "the document quotes every example"


def test_there_is_an_example_of_every_message() -> None:
    wanted = {f"client_{name}" for name in CLIENT_TYPES} | {f"server_{name}" for name in SERVER_TYPES}
    assert {path.stem for path in GOLDEN} == wanted


@given(st.integers(0, 2**40), st.binary(max_size=200).map(lambda b: b[: len(b) // 2 * 2]))
def test_audio_frames_survive_the_wire(position, pcm) -> None:
    frame = AudioFrame(position, pcm)
    data = encode_audio(frame)
    assert data[:8] == position.to_bytes(8, "little")
    assert decode_audio(data) == frame
    assert frame.end == position + len(pcm) // 2


@given(st.binary(max_size=64))
def test_any_bytes_are_audio_or_an_error(data) -> None:
    try:
        frame = decode_audio(data)
    except (ProtocolError, AudioError):
        return
    assert encode_audio(frame) == data


def test_hello_without_a_session_leaves_it_out() -> None:
    example = decode_server((Path(__file__).parent / "golden" / "server_hello.json").read_text()).message
    quiet = dataclasses.replace(example, session=None, source=None, position=None)
    fields = json.loads(encode(quiet, seq=1, t_ms=0))
    assert not {"session", "source", "position"} & set(fields)
    assert isinstance(decode_server(json.dumps(fields)).message, ServerHello)
