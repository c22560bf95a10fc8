"""What waits for a translation: bounded, newest revision of each segment, oldest segment first."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.events import Notice, Transcript
from translate.pipeline.mailbox import Mailbox
from translate.pipeline.outlet import Outlet
from translate.pipeline.recognition import Heard

SILENCE = np.zeros(0, np.float32)


def heard(segment: int, rev: int = 1, *, final: bool = False) -> Heard:
    return Heard(Transcript(segment, rev, "es", "hola", "", final, 0, 0), SILENCE)


async def drained(mailbox: Mailbox) -> list[tuple[int, int]]:
    mailbox.finish()
    got = []
    while (one := await mailbox.get()) is not None:
        got.append((one.transcript.segment, one.transcript.rev))
    return got


async def test_the_newest_revision_of_each_segment_is_handed_out_oldest_segment_first() -> None:
    mailbox = Mailbox(4, waits=True)
    for one in (heard(0), heard(1), heard(0, 2), heard(1, 2), heard(1, 3, final=True)):
        await mailbox.put(one)
    assert await drained(mailbox) == [(0, 2), (1, 3)]


async def test_a_full_mailbox_of_a_file_makes_put_wait_until_something_is_taken() -> None:
    mailbox = Mailbox(2, waits=True)
    await mailbox.put(heard(0, final=True))
    await mailbox.put(heard(1, final=True))
    putting = asyncio.ensure_future(mailbox.put(heard(2)))
    await asyncio.sleep(0)
    assert not putting.done()
    assert await mailbox.get() == heard(0, final=True)
    await putting
    assert await drained(mailbox) == [(1, 1), (2, 1)]


async def test_put_that_waits_returns_when_the_language_is_removed() -> None:
    mailbox = Mailbox(1, waits=True)
    await mailbox.put(heard(0))
    putting = asyncio.ensure_future(mailbox.put(heard(1)))
    await asyncio.sleep(0)
    mailbox.close()
    await asyncio.wait_for(putting, 1)
    assert await mailbox.get() is None


@settings(deadline=None)
@given(st.integers(1, 4), st.lists(st.tuples(st.sampled_from(["revision", "final", "get"])), max_size=40))
def test_live_speech_never_waits_and_every_final_is_handed_out_or_told(limit: int, steps: list[tuple[str]]) -> None:
    async def run() -> None:
        mailbox = Mailbox(limit, waits=False)
        segment, rev = 0, 0
        finals: list[int] = []
        out: list[int] = []
        for (step,) in steps:
            if step == "get" and len(mailbox):
                got = await mailbox.get()
                out += [one.segment for one in mailbox.take_skipped()]
                assert got is not None
                out += [got.transcript.segment] if got.transcript.final else []
            elif step != "get":
                rev += 1
                putting = mailbox.put(heard(segment, rev, final=step == "final"))
                await asyncio.wait_for(putting, 1)
                assert len(mailbox) <= limit
            if step == "final":
                finals.append(segment)
                segment, rev = segment + 1, 0
        mailbox.finish()
        while (got := await mailbox.get()) is not None:
            out += [one.segment for one in mailbox.take_skipped()]
            out += [got.transcript.segment] if got.transcript.final else []
        out += [one.segment for one in mailbox.take_skipped()]
        assert out == finals, "each once, in order"

    asyncio.run(run())


async def test_the_reader_of_a_full_outlet_gets_all_of_it_and_then_the_error() -> None:
    outlet = Outlet(2)
    notices = [Notice("x", str(i)) for i in range(3)]
    for notice in notices[:2]:
        await outlet.put(notice)
    putting = asyncio.ensure_future(outlet.put(notices[2]))
    await asyncio.sleep(0)
    assert not putting.done()
    assert await outlet.get() == notices[0]
    await putting
    outlet.close(ValueError("the source failed"))
    outlet.close()  # the first says why
    await outlet.put(Notice("late", "ignored"))
    assert [await outlet.get(), await outlet.get()] == notices[1:]
    with pytest.raises(ValueError, match="the source failed"):
        await outlet.get()
    assert await outlet.get() is None


async def test_put_that_waits_returns_when_the_outlet_is_closed() -> None:
    outlet = Outlet(1)
    await outlet.put(Notice("x", ""))
    putting = asyncio.ensure_future(outlet.put(Notice("y", "")))
    await asyncio.sleep(0)
    outlet.close()
    await asyncio.wait_for(putting, 1)
    assert await outlet.get() == Notice("x", "")
    assert await outlet.get() is None
