"""Frames made by hand are those that the WebSocket library makes, and are written only while a connection is open."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.frames import Frame, Opcode

from translate.config import Limits
from translate.protocol import Parcel, Pong, ServerState
from translate.server.metrics.metrics import Metrics
from translate.server.rooms.delivery import Sender
from translate.server.rooms.framing import text_frame


@given(st.one_of(st.binary(max_size=300), st.sampled_from([125, 126, 65_535, 65_536, 70_000]).map(bytes)))
def test_a_frame_is_what_the_library_makes_of_the_same_text(payload) -> None:
    assert text_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


async def test_nothing_is_written_to_a_reader_who_has_gone(caplog) -> None:
    """Its room may hear of that later: texts of the same moment go to a connection that is closed already."""
    over = asyncio.Event()

    async def handler(socket) -> None:
        with caplog.at_level("WARNING", "asyncio"):
            await socket.wait_closed()
            sender = Sender(socket, ServerState(Limits(), lambda: 0.0), Limits(), Metrics())
            for number in range(8):  # asyncio complains from the fifth on
                sender.push(Parcel(Pong(client_ms=number, server_ms=0)))
        over.set()

    async with serve(handler, "127.0.0.1", 0, compression=None) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}/", proxy=None):
            pass
        await asyncio.wait_for(over.wait(), 5)
    assert caplog.messages == []
