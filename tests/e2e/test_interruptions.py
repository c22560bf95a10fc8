"""What breaks off in mid-word and goes on: a speaker's connection, and the service itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = [pytest.mark.models, pytest.mark.slow]

RATE_HZ = 16_000


async def test_a_dropped_speaker_comes_back_and_loses_nothing(service, clips, pcm, wer) -> None:
    clip = clips["fleurs_es_005"]
    sound = pcm(clip.path)
    listener = await service.client()
    await listener.enter("listener")
    listening = asyncio.create_task(listener.read(until=lambda message: message["type"] == "end"))

    first = await service.client()
    await first.enter("speaker", source="es")
    reading = asyncio.create_task(first.read())
    await first.speak(sound[: 8 * RATE_HZ])
    first.socket.transport.abort()
    await reading

    again = await service.client()
    token, last_seq = first.hello["resume"], len(first.messages)
    await again.enter("speaker", source="es", resume=token, last_seq=last_seq)
    assert again.hello["session"] == first.hello["session"]
    position = again.hello["position"]
    assert 0 < position <= 4 * RATE_HZ, "of what was sent, the part that arrived"
    await again.talk(sound, start=position)
    async with asyncio.timeout(60):
        await listening

    assert again.socket.close_code == 1000
    assert again.messages[-1]["position"] == len(sound) // 2
    listener.check()
    assert wer(clip.transcript, listener.text("transcript")) < 0.4
    assert len(listener.of("hello")) == 2, "one session: the listener was told of one"
    shown: dict[int, dict[str, Any]] = {}
    for message in [*first.of("transcript"), *again.of("transcript")]:
        before = shown.get(message["segment"], {"committed": ""})
        assert message["committed"].startswith(before["committed"]), "committed text was taken back"
        shown[message["segment"]] = message
    assert " ".join(m["committed"].strip() for m in shown.values()) == listener.text("transcript")


async def test_a_service_that_is_stopped_says_its_last_words_first(own_service, clips, pcm, words) -> None:
    sound = pcm(clips["gsp1_de"].path)
    speaker = await own_service.client()
    await speaker.enter("speaker", source="de")
    reading = asyncio.create_task(speaker.read())
    await speaker.speak(sound[: 6 * RATE_HZ])
    status = await asyncio.to_thread(own_service.stop)
    async with asyncio.timeout(30):
        await reading
    assert status == 0
    speaker.check()
    assert "berlin" in words(speaker.text("transcript"))
    assert speaker.socket.close_code in (1000, 1001)
    assert "Traceback" not in own_service.log
