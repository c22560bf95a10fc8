"""Two people, two languages, one microphone; and a reader who asks for a language late. Real speech, real models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Service

pytestmark = [pytest.mark.models, pytest.mark.slow]

PAUSE = bytes(2 * 16_000)


@pytest.fixture
async def bilingual(
    students: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """A service that translates between Spanish and English."""
    monkeypatch.setenv("SOTTOVOCE_MT_MODELS", ",".join(str(folder) for folder in students.values()))
    service = Service(tmp_path)
    yield service
    service.drop_clients()
    assert await asyncio.to_thread(service.stop) == 0
    assert "Traceback" not in service.log


def finals(client: Any, kind: str, lang: str | None = None) -> dict[int, dict[str, Any]]:
    return {m["segment"]: m for m in client.of(kind, lang) if m["final"]}


async def test_each_of_two_people_reads_the_other_in_a_language_of_their_own(bilingual, clips, pcm, wer, words) -> None:
    spanish, english = clips["fleurs_es_003"], clips["fleurs_en_007"]
    speaker = await bilingual.client()
    await speaker.enter("speaker", source="auto", allowed_sources=["es", "en"], targets=["es", "en"])
    assert {"es", "en"} <= set(speaker.hello["available_targets"])
    await speaker.talk(pcm(spanish.path) + PAUSE + pcm(english.path) + PAUSE)

    speaker.check()
    said = {number: m for number, m in finals(speaker, "transcript").items() if m["committed"].strip()}
    assert [m["lang"] for m in said.values()] == sorted((m["lang"] for m in said.values()), reverse=True)
    assert {m["lang"] for m in said.values()} == {"es", "en"}
    for number, transcript in said.items():
        other = {"es": "en", "en": "es"}[transcript["lang"]]
        same = finals(speaker, "translation", transcript["lang"])[number]
        translated = finals(speaker, "translation", other)[number]
        assert same["committed"] == transcript["committed"], "who speaks the language reads what was said"
        assert translated["committed"].strip()
        assert translated["committed"].strip() != transcript["committed"].strip()
    for clip in (spanish, english):
        heard = " ".join(m["committed"] for m in said.values() if m["lang"] == clip.lang)
        assert wer(clip.transcript, heard) < 0.5
    in_english = " ".join(m["committed"] for m in finals(speaker, "translation", "en").values())
    assert len(words(in_english) & words(spanish.english)) >= 3, in_english


async def test_language_by_a_button_and_a_reader_who_asks_late(bilingual, clips, pcm, words) -> None:
    spanish, english = clips["fleurs_es_003"], clips["fleurs_en_007"]
    speaker, reader = await bilingual.client(), await bilingual.client()
    await reader.enter("listener")
    await speaker.enter("speaker", source="es")
    reading = asyncio.create_task(reader.read(until=lambda m: m["type"] == "end"))
    speaking = asyncio.create_task(speaker.read())

    sound = pcm(spanish.path) + PAUSE
    await speaker.speak(sound)
    await speaker.say("set", source="en")
    both = sound + pcm(english.path) + PAUSE
    await speaker.speak(both, start=len(sound) // 2)
    assert not reader.of("translation"), "nobody reads English yet"
    await reader.say("set", targets=["en"])
    async with asyncio.timeout(90):
        while not set(finals(reader, "transcript", "es")) <= set(finals(reader, "translation", "en")):  # noqa: ASYNC110
            await asyncio.sleep(0.2)  # what the fixture reads in the background
        await speaker.say("end")
        await speaking
        await reading

    reader.check()
    assert {m["lang"] for m in finals(reader, "transcript").values()} == {"es", "en"}
    assert [m["source"] for m in reader.of("hello") if "source" in m] == ["es", "en"], "told of the change"
    translated = finals(reader, "translation", "en")
    spanish_segments = set(finals(reader, "transcript", "es"))
    assert spanish_segments <= set(translated), "what was said before is there as well"
    text = " ".join(translated[number]["committed"] for number in sorted(spanish_segments))
    assert len(words(text) & words(spanish.english)) >= 3, text
