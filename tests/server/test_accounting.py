"""A fault of what counts (cost, metrics) costs nobody the room or the talk."""

from __future__ import annotations

import asyncio

import pytest

from tests.server.fake_rooms import House
from tests.virtual_time import virtual_time
from translate.events import EndOfStream
from translate.protocol import End
from translate.server.metrics.cost_totals import CostTotals
from translate.server.metrics.metrics import Metrics


@pytest.mark.parametrize("fault", ["began", "ended"])
@virtual_time
async def test_a_room_is_free_although_the_cost_of_its_talk_cannot_be_counted(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OSError("/proc is gone")

    monkeypatch.setattr(CostTotals, fault, fails)
    house = House(resume_ms=0)
    for number in range(2):
        speaker = house.speaker()
        speaker.connect()
        await house.settle()
        speaker.speak(3)
        speaker.say(End())
        await house.settle()
        assert speaker.codes == [1000]
        assert speaker.texts("en")[-1] == " ".join(f"{number + 1}.{n}" for n in range(3))
    assert house.rooms.sessions == 0
    assert "/proc is gone" in caplog.text, "the log has the cause"
    await house.close()


@virtual_time
async def test_the_next_speaker_waits_without_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """However a talk ends, whoever waits for it sleeps until the room is free."""
    house = House(resume_ms=60_000, send_ms=10_000)
    first, second = house.speaker(), house.speaker()
    first.connect()
    await house.settle()
    house.backend.going.clear()
    first.speak(1)
    await house.settle()
    first.drop()
    await house.settle()
    second.connect()
    await house.pass_time(5)
    assert second.session is None
    house.backend.going.set()
    await house.settle()
    assert second.session is not None
    await house.close()


@pytest.mark.parametrize("fault", ["event", "sent", "painted"])
@virtual_time
async def test_a_talk_goes_on_although_metrics_fail(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError("a mistake in the counters")

    house = House(resume_ms=0)
    monkeypatch.setattr(Metrics, fault, fails)
    speaker, listener = house.speaker(), house.client()
    listener.connect()
    speaker.connect()
    await house.settle()
    speaker.speak(6)
    speaker.say(End())
    await house.settle()
    assert listener.texts("en") == ["1.0 1.1 1.2", "1.3 1.4 1.5"]
    assert isinstance(listener.messages[-1], EndOfStream)
    assert speaker.codes == [1000]
    await house.close()
    assert fault == "painted" or "a mistake in the counters" in caplog.text
    assert caplog.text.count("Traceback") <= 1, "said once, not with every word"


@virtual_time
async def test_statistics_are_told_although_the_cost_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("/proc is gone")

    monkeypatch.setattr(CostTotals, "as_dict", fails)
    house = House()
    assert house.rooms.cost() is None
    await asyncio.sleep(0)
    await house.close()
