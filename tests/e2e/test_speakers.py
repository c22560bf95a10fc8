"""Speakers and listeners of the real service, on the real models, at the pace of speech."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytestmark = [pytest.mark.models, pytest.mark.slow]


async def test_a_spanish_talk_arrives_with_its_english(service, clips, pcm, wer, words) -> None:
    clip = clips["fleurs_es_003"]
    speaker = await service.client()
    await speaker.enter("speaker", source="es", targets=["en"])
    assert (speaker.hello["source"], speaker.hello["targets"], speaker.hello["position"]) == ("es", ["en"], 0)
    assert "en" in speaker.hello["available_targets"]
    sound = pcm(clip.path)
    await speaker.talk(sound)

    assert speaker.socket.close_code == 1000
    assert speaker.messages[-1]["type"] == "end"
    assert speaker.messages[-1]["position"] == len(sound) // 2
    assert {"hello", "speech", "transcript", "translation", "end"} <= {m["type"] for m in speaker.messages}
    speaker.check()
    assert speaker.languages() == {("transcript", "es"), ("translation", "en")}
    assert [span["state"] for span in speaker.of("speech")][:1] == ["started"]
    assert wer(clip.transcript, speaker.text("transcript")) < 0.4
    assert len(words(speaker.text("translation")) & words(clip.english)) >= 3, speaker.text("translation")
    finals = [m for m in speaker.of("transcript") if m["final"]]
    for message in finals:
        assert "".join(word["text"] for word in message["words"]).strip() == message["committed"].strip()


async def test_texts_come_while_the_speaker_speaks(service, clips, pcm) -> None:
    """Live, not at the end: something is committed before the last audio is sent."""
    sound = pcm(clips["fleurs_es_005"].path)
    speaker = await service.client()
    await speaker.enter("speaker", source="es")
    reading = asyncio.create_task(speaker.read())
    await speaker.speak(sound)
    committed_before_end = [m["committed"] for m in speaker.of("transcript") if m["committed"]]
    await speaker.say("end")
    async with asyncio.timeout(120):
        await reading
    assert committed_before_end
    speaker.check()


async def test_paint_reports_become_glass_to_glass(service, clips, pcm) -> None:
    before = (await service.get("stats"))["latency_ms"].get("glass_to_glass", {"count": 0})["count"]
    speaker = await service.client()
    await speaker.enter("speaker", source="de")
    await speaker.talk(pcm(clips["thorsten_gt_01"].path))
    assert speaker.painted
    latency = (await service.get("stats"))["latency_ms"]
    counted = latency["glass_to_glass"]["count"] - before
    assert 0 < counted <= speaker.painted
    assert latency["glass_to_glass"]["p50"] >= 0.9 * latency["asr"]["p50"], "paint comes after recognition"


async def test_two_rooms_at_once_keep_apart_and_a_listener_reads_what_the_speaker_reads(
    service, clips, pcm, wer, words
) -> None:
    german, french = clips["fleurs_de_004"], clips["fleurs_fr_005"]
    one, listener, other = [await service.client() for _ in range(3)]
    await listener.enter("listener", room="saal", targets=["en"], mode="calm")
    await one.enter("speaker", room="saal", source="de")
    await other.enter("speaker", room="salle", source="auto", allowed_sources=["fr", "de"])
    listening = asyncio.create_task(listener.read(until=lambda message: message["type"] == "end"))
    await asyncio.gather(one.talk(pcm(german.path)), other.talk(pcm(french.path)))
    async with asyncio.timeout(60):
        await listening

    for client in (one, other, listener):
        client.check()
    assert one.languages() == {("transcript", "de")}
    assert other.languages() == {("transcript", "fr")}
    assert listener.languages() == {("transcript", "de"), ("translation", "en")}
    assert wer(german.transcript, one.text("transcript")) < 0.5
    assert wer(french.transcript, other.text("transcript")) < 0.5
    assert listener.text("transcript") == one.text("transcript")
    assert not any(message["tail"] for message in listener.messages if "tail" in message), "calm shows no tails"
    assert any(message["tail"] for message in one.of("transcript")), "fast shows tails"
    english = listener.text("translation")
    assert len(words(english) & words(german.english)) >= 3, english
    assert listener.socket.close_code is None, "a listener stays for the next speaker"
    assert [m["session"] for m in listener.of("hello") if "session" in m] == [one.hello["session"]]


async def test_nothing_of_what_was_said_is_in_the_log(service, clips, pcm, words) -> None:
    clip = clips["gsp1_de"]
    speaker = await service.client()
    await speaker.enter("speaker", source="de", targets=["en"])
    await speaker.talk(pcm(clip.path))
    said = {word for word in words(speaker.text("transcript") + " " + speaker.text("translation")) if len(word) > 5}
    assert said
    logged: Any = words(service.log)
    assert not said & logged
