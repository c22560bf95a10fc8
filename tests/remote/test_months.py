"""What a box that speaks in a room for months keeps: nothing that grows, and the right time."""

from __future__ import annotations

import sys

import pytest

from tests.remote.messages import hello, text
from translate.events import Translation
from translate.protocol import Pong
from translate.remote.clock import ServerClock
from translate.remote.inbox import Inbox


def test_an_inbox_does_not_grow_and_repeats_nothing() -> None:
    inbox = Inbox()
    inbox.greet(hello("a"))
    sizes = []
    for segment in range(12_000):
        shown = [*inbox.texts(text(segment, 1, "x")), *inbox.texts(text(segment, 2, "x y", final=True))]
        shown += inbox.texts(Translation(segment, 1, "de", "z", "", True, 2))
        assert [(one.segment, one.rev) for one in shown] == [(segment, 1), (segment, 2), (segment, 1)]
        sizes.append(sys.getsizeof(inbox._newest) + len(inbox._newest))
    assert sizes[-1] <= sizes[6000]
    for old in (0, 5000, 11_000, 11_999):
        assert list(inbox.texts(text(old, 2, "x y", final=True))) == []
    assert list(inbox.texts(text(12_000, 1, "new"))) != []


@pytest.mark.parametrize("drift", [-100e-6, 0.0, 100e-6])
def test_a_clock_follows_one_that_drifts_for_a_day(drift: float) -> None:
    now_s = 0.0
    clock = ServerClock(lambda: now_s)

    def server_ms() -> float:
        return 5_000 + now_s * 1000 * (1 + drift)

    for ping in range(24 * 3600):
        now_s = float(ping)
        way_s = 0.002 if ping == 3 else 0.004 + 0.05 * (ping % 7 == 0)  # the best of all was long ago
        sent_ms = clock.local_ms()
        now_s += way_s
        there_ms = server_ms()
        now_s += way_s
        clock.pong(Pong(client_ms=sent_ms, server_ms=there_ms))
    assert clock.now_ms() == pytest.approx(server_ms(), abs=10), "a day's drift is 8.6 s"
