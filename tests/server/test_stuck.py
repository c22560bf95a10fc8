"""A session that stands still shows in ``/readyz``, in ``/stats`` and to the watchdog, until it goes on."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.server.conftest import Client, FakeBackend
from translate.config import Config, Limits, ServerConfig, ServiceConfig
from translate.protocol import SUBPROTOCOL, End
from translate.server import Server
from translate.server.metrics.exposition import exposition

CONFIG = Config(
    server=ServerConfig(port=0),
    limits=Limits(resume_ms=0),
    service=ServiceConfig(stuck_ms=300),  # less than a file may say
)


@pytest.fixture
async def standing(backend: FakeBackend, web: Path) -> AsyncIterator[tuple[Server, int]]:
    server = Server(CONFIG, backend, web=web)
    address = await server.start()
    yield server, address.port
    backend.going.set()
    await server.stop()


async def asked(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


async def until(server: Server, stuck: bool) -> None:
    async with asyncio.timeout(20):
        while (server.stuck() is not None) != stuck:  # noqa: ASYNC110  # the server has nothing to wait for
            await asyncio.sleep(0.02)


async def test_a_session_that_stands_still_is_told_and_forgiven(standing: Any, backend: FakeBackend) -> None:
    server, port = standing
    async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[SUBPROTOCOL], proxy=None) as socket:
        client = Client(socket)
        await client.hello("speaker", source="es")
        await client.speak(1)
        await client.until(lambda message: type(message).__name__ == "Transcript")
        assert await asked(port, "/readyz") == 200
        backend.going.clear()
        await client.speak(4)
        await until(server, stuck=True)
        assert "has stood still for" in server.stuck()
        assert await asked(port, "/readyz") == 503
        assert await asked(port, "/healthz") == 200
        assert server.stats()["ready"] is False
        assert b"sottovoce_ready 0.0" in exposition(server.metrics)[0]
        backend.going.set()
        await until(server, stuck=False)
        assert await asked(port, "/readyz") == 200


async def test_a_session_that_does_not_end_is_told(standing: Any, backend: FakeBackend) -> None:
    server, port = standing
    async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[SUBPROTOCOL], proxy=None) as socket:
        client = Client(socket)
        await client.hello("speaker", source="es")
        backend.going.clear()
        await client.speak(0.1)
        await client.say(End())
        await until(server, stuck=True)
        backend.going.set()
        await until(server, stuck=False)


async def test_a_quiet_session_is_not_stuck(standing: Any) -> None:
    server, port = standing
    async with connect(f"ws://127.0.0.1:{port}/ws", subprotocols=[SUBPROTOCOL], proxy=None) as socket:
        client = Client(socket)
        await client.hello("speaker", source="es")
        await client.speak(2)
        await client.until(lambda message: getattr(message, "committed", "").endswith("w2"))
        await asyncio.sleep(2 * CONFIG.service.stuck_ms / 1000)
        assert server.stuck() is None


async def test_settings_that_change_hold_for_what_comes_next(standing: Any, backend: FakeBackend) -> None:
    server, port = standing
    server.reconfigure(dataclasses.replace(CONFIG, limits=dataclasses.replace(CONFIG.limits, sessions=1)))
    url = f"ws://127.0.0.1:{port}/ws"
    async with connect(url, subprotocols=[SUBPROTOCOL], proxy=None) as one:
        await Client(one).hello("speaker", source="es", room="one")
        async with connect(url, subprotocols=[SUBPROTOCOL], proxy=None) as two:
            second = Client(two)
            await second.say_hello("speaker", source="es", room="two")
            refused = await second.next()
            assert (type(refused).__name__, refused.code) == ("Failure", "busy")
