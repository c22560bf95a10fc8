"""Coverage-guided fuzzing of the wire protocol; run by hand, for as long as there is time:

    pip install -e '.[fuzz]'
    python tests/fuzz/protocol.py CORPUS_FOLDER -max_total_time=3600

The corpus is made of the golden messages when the folder is empty. Whatever comes must be a message or a typed error:
anything else that is raised, and any broken promise below, is a finding (libFuzzer writes the input to a file).
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["translate.protocol"]):
    from translate.protocol import (
        ServerState,
        decode,
        decode_audio,
        decode_server,
        encode,
        encode_audio,
        encode_client,
    )

from translate.config import Limits
from translate.errors import AudioError, NotAllowedError, ProtocolError, SottovoceError
from translate.protocol import Snapshot

GOLDEN = Path(__file__).parents[1] / "protocol" / "golden"
HELLO = '{"type":"hello","seq":1,"t_ms":0,"versions":["v1"],"role":"%s"}'
SEPARATOR = b"\n"


def one_line(error: SottovoceError) -> None:
    text = str(error)
    assert "\n" not in text, text
    assert len(text) < 500, text


def fuzz_text(data: bytes) -> None:
    """What is decoded is the same after another trip over the wire."""
    for decoder, encoder in ((decode, encode_client), (decode_server, encode)):
        try:
            envelope = decoder(data)
        except ProtocolError as error:
            one_line(error)
            continue
        again = decoder(encoder(envelope.message, seq=envelope.seq, t_ms=envelope.t_ms))
        assert again.seq == envelope.seq
        assert abs(again.t_ms - envelope.t_ms) <= 0.06 + abs(envelope.t_ms) * 1e-12  # rounded to 0.1 ms
        if not isinstance(envelope.message, Snapshot) and "marks" not in dir(envelope.message):
            assert again.message == envelope.message


def fuzz_audio(data: bytes) -> None:
    try:
        frame = decode_audio(data, max_bytes=4096)
    except (ProtocolError, AudioError) as error:
        one_line(error)
        return
    assert encode_audio(frame) == data
    assert frame.end >= frame.position >= 0


def fuzz_talk(data: bytes) -> None:
    """A connection: frames one after the other, up to the first that is refused."""
    role = ("speaker", "listener", "operator", "king")[data[0] % 4] if data else "listener"
    state = ServerState(Limits(), lambda: 0.0)
    state.ask_for_paints()
    frames: list[str | bytes] = [HELLO % role]
    for part in data[1:].split(SEPARATOR):
        # The number is put in here: a fuzzer would take days to count.
        text = part.replace(b'"seq":0', b'"seq":%d' % (len(frames) + 1))
        frames.append(part if part[:1] == b"\0" else text.decode("utf-8", "surrogateescape"))
    for frame in frames:
        try:
            state.receive(frame)
        except (ProtocolError, AudioError, NotAllowedError) as error:
            one_line(error)
            return
    assert state.role == role


TARGETS = (fuzz_text, fuzz_audio, fuzz_talk)


def fuzz(data: bytes) -> None:
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


VALUES: tuple[Any, ...] = (
    None, True, "", "en", "auto", "x" * 600, "\u0000\n", "\ud800", "../etc", 0, -1, 1, 3.0, 0.5, 2**53, 2**53 + 1,
    1e308, [], ["en"], ["en"] * 40, [[[[[[[[[]]]]]]]]],
    {}, {"a": {}}, "operator", "listener", "mute", "final", "started",
)  # fmt: skip


def mutate(data: bytes, max_size: int, seed_: int) -> bytes:
    """Half the time as libFuzzer does; else one value somewhere in one of the JSON messages becomes another."""
    chance = random.Random(seed_)
    parts = data[2:].split(SEPARATOR)
    place = chance.randrange(len(parts))
    try:
        message = json.loads(parts[place])
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict) or not message or chance.random() < 0.5:
        return bytes(atheris.Mutate(data, max_size))
    holder: Any = message
    while True:
        key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        if not (isinstance(holder[key], (dict, list)) and holder[key] and chance.random() < 0.7):
            break
        holder = holder[key]
    if chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(VALUES)
    parts[place] = json.dumps(message).encode("utf-8", "surrogatepass")
    return (data[:2] + SEPARATOR.join(parts))[:max_size]


def seed(folder: Path) -> None:
    """The golden messages, for each target."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        return
    for path in sorted(GOLDEN.glob("*.json")):
        (folder / path.stem).write_bytes(b"\0 " + path.read_bytes())
    said = [path.read_bytes().strip() for path in sorted(GOLDEN.glob("client_*.json"))]
    for number in range(3):
        (folder / f"talk{number}").write_bytes(b"\2" + bytes([number]) + SEPARATOR.join(said))
    (folder / "audio").write_bytes(b"\1" + bytes(8 + 320))


if __name__ == "__main__":
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    if folders:
        seed(folders[0])
    atheris.Setup(sys.argv, fuzz, custom_mutator=mutate)
    atheris.Fuzz()
