"""Many readers of one room: each text is encoded once for each way of reading it, and nobody waits for anybody."""

from __future__ import annotations

import asyncio
import resource
import socket

import pytest

from translate.bench import fanout
from translate.protocol import parcel
from translate.server.http.open_files import allow_open_files


async def test_each_text_is_encoded_once_for_each_way_of_reading_it(server, monkeypatch) -> None:
    encoded: list[object] = []
    real = parcel.encode_body

    def counted(message):
        encoded.append(message)
        return real(message)

    monkeypatch.setattr(parcel, "encode_body", counted)
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    readers = [await server.client() for _ in range(12)]
    for number, reader in enumerate(readers):
        await reader.hello(targets=(("de",), ("es",))[number % 2], mode=("fast", "calm")[number // 2 % 2])
    encoded.clear()
    await speaker.speak(4)
    finals = [reader.until(lambda m: getattr(m, "lang", "") in ("de", "es") and m.final) for reader in readers]
    await asyncio.gather(*finals)
    texts = [m for m in encoded if hasattr(m, "committed")]
    # Four words in three languages; all but the finals have a tail, which calm readers do not see.
    assert len(texts) == 4 * 3 + 3 * 3
    assert len({id(text) for text in texts}) == len(texts)
    for reader in readers:
        times = [(e.message.marks.sent, e.t_ms) for e in reader.messages if hasattr(e.message, "marks")]
        assert all(sent <= written for sent, written in times)


async def test_newcomers_share_one_snapshot(server, monkeypatch) -> None:
    speaker = await server.client()
    await speaker.hello("speaker", source="en")
    await speaker.speak(12)
    await speaker.until(lambda m: getattr(m, "final", False) and m.segment == 2)
    made: list[object] = []
    real = parcel.encode_body
    monkeypatch.setattr(parcel, "encode_body", lambda message: made.append(message) or real(message))
    for _ in range(5):
        late = await server.client()
        await late.hello()
        await late.next()
        assert len(late.texts("en")) == 3
    assert [type(message).__name__ for message in made].count("Snapshot") == 1


async def test_a_slow_reader_gets_all_committed_text_later_and_holds_nobody_up(start) -> None:
    server = await start(send_ms=120_000)
    speaker, quick = await server.client(), await server.client()
    await speaker.hello("speaker", source="en")
    await quick.hello(targets=("de", "es"))
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", server.port))
    slow = await server.client(sock=narrow, max_queue=1)
    await slow.hello(targets=("de", "es"))

    def last(message: object) -> bool:
        return getattr(message, "lang", "") == "es" and message.segment == 49 and message.final

    await asyncio.gather(speaker.speak(200), quick.until(last), speaker.until(lambda m: getattr(m, "segment", 0) == 49))
    assert slow.heard == 1, "it has read its hello, and nothing of the talk"
    await slow.until(last)
    for lang in ("en", "de", "es"):
        assert len(slow.texts(lang)) == 50
        assert slow.texts(lang) == quick.texts(lang)
    assert slow.heard < quick.heard, "revisions that were superseded were left out"


async def test_a_room_of_readers_gets_everything(tmp_path) -> None:
    """What ``sottovoce bench fanout`` does, with few readers and for a short time."""
    found = await fanout.measure(30, 1.2)
    assert found.listeners == 30
    assert found.behind == 0
    assert found.messages == 3 * 30 * 2, "three revisions of a transcript and of one translation"
    assert 0 <= found.written.p50 <= found.written.p99 <= found.written.worst
    assert found.bytes_per_s > 0
    assert fanout.table([found]).row_count == 1


def test_the_limit_of_open_files_is_raised_as_far_as_it_may_be(monkeypatch, caplog) -> None:
    limits = {"now": (256, 1000)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: limits.update(now=wanted))
    assert allow_open_files(500) == 500
    assert limits["now"] == (756, 1000)
    assert caplog.messages == []
    assert allow_open_files(4096) == 744
    assert limits["now"] == (1000, 1000)
    assert "enough for 744 clients" in caplog.text
    assert "LimitNOFILE" in caplog.text


@pytest.mark.parametrize("limit", [(resource.RLIM_INFINITY, resource.RLIM_INFINITY), (20_000, 20_000)])
def test_a_limit_that_is_high_enough_is_left_alone(monkeypatch, limit) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: limit)
    monkeypatch.setattr(resource, "setrlimit", lambda *_: pytest.fail("changed"))
    assert allow_open_files(4096) == 4096
