"""A slow disk and a held lock delay who needs them, not the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from translate.server.access import tokens as tokens_module
from translate.server.access.caller import Caller
from translate.server.access.links import Links
from translate.server.access.policy import AccessPolicy
from translate.server.access.token_gate import TokenGate
from translate.server.access.token_refresh import TokenRefresh
from translate.server.access.tokens import Tokens

SLOW_S = 0.08
BLOCKED_S = 0.05


@asynccontextmanager
async def loop_turns() -> AsyncIterator[None]:
    """Fails if the event loop stands still for longer than ``BLOCKED_S`` inside."""
    longest_s, seen_s = 0.0, time.monotonic()

    async def look() -> None:
        nonlocal longest_s, seen_s
        while True:
            await asyncio.sleep(0.005)
            now_s = time.monotonic()
            longest_s, seen_s = max(longest_s, now_s - seen_s), now_s

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    yield
    await asyncio.sleep(0.006)
    looking.cancel()
    assert longest_s < BLOCKED_S, f"the event loop stood still for {longest_s * 1000:.0f} ms"


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "lan")


@pytest.fixture
def gate(tokens: Tokens) -> TokenGate:
    return TokenGate(tokens, Links(lambda: "192.168.1.5", 8766))


@pytest.fixture
def secret(tokens: Tokens) -> str:
    """An operator's token."""
    return tokens.secret(tokens.create("operator", None, 60))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at a file of tokens takes long, and so does every lock."""

    def slowly(call):
        def called(*arguments, **options):
            time.sleep(SLOW_S)
            return call(*arguments, **options)

        return called

    monkeypatch.setattr(Tokens, "_stamp_now", slowly(Tokens._stamp_now))
    monkeypatch.setattr(tokens_module, "FileLock", slowly(tokens_module.FileLock))


async def test_a_slow_disk_does_not_hold_up_the_loop_while_a_client_is_admitted(tokens, gate, secret, slow) -> None:
    async with loop_turns():
        await gate.refresh()
        grant = gate.admit(secret, role="listener", room="main", peer="10.0.0.9")
        assert not gate.is_revoked(grant)


async def test_a_slow_lock_does_not_hold_up_the_loop_while_somebody_is_invited(gate, secret, slow) -> None:
    policy = AccessPolicy(is_open=False, failures_per_min=20, gate=gate)
    async with loop_turns():
        assert await policy.invite(Caller("127.0.0.1", False), f"Bearer {secret}", "main") is not None
        assert await policy.may_read_statistics(Caller("10.0.0.9", True), f"Bearer {secret}")


async def test_many_who_come_at_once_wait_for_two_looks(tokens) -> None:
    looks = 0

    class Counted(Tokens):
        def refresh(self) -> None:
            nonlocal looks
            looks += 1

    refresh = TokenRefresh(Counted(tokens._folder))
    looks = 0
    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(refresh.now())
    assert looks == 2, "that of the first, and one that began after the others had come"


async def test_a_look_that_was_cut_off_does_not_count(tokens, tmp_path: Path) -> None:
    refresh = TokenRefresh(tokens)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await refresh.now()
    made = Tokens(tmp_path / "lan").create("listener", "main", 60)
    await refresh.now()
    assert tokens.get(made.id) == made


async def test_a_revocation_by_another_process_is_seen_without_any_hello(tokens, gate, tmp_path: Path) -> None:
    made = tokens.create("listener", "main", 60)
    grant = gate.admit(tokens.secret(made), role="listener", room="main", peer="10.0.0.9")
    gate._refresh._look_s = 0.01
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        fresh = group.create_task(gate.keep_fresh())
        Tokens(tmp_path / "lan").revoke(made.id)
        while not gate.is_revoked(grant):  # noqa: ASYNC110  # the file has nothing to wait for
            await asyncio.sleep(0.005)
        fresh.cancel()
