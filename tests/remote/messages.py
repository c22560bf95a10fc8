"""Messages of a service, as the tests of the remote speaker need them."""

from __future__ import annotations

from translate.events import Transcript
from translate.protocol import ServerHello, decode_server


def hello(log: str) -> ServerHello:
    fields = (
        '{"type":"hello","seq":1,"t_ms":0,"version":"v1","server":"s","role":"speaker","room":"main","targets":[],'
        '"sources":[],"available_targets":[],"mode":"fast","capabilities":[],"resume":"r","log":"' + log + '",'
        '"limits":{"text_frame_bytes":1,"audio_frame_bytes":1}}'
    )
    return decode_server(fields).message


def text(segment: int, rev: int, committed: str, final: bool = False) -> Transcript:
    return Transcript(segment, rev, "en", committed, "", final, 0, 1)
