"""Connections that break at random: whoever comes back has lost no committed word and has none twice."""

from __future__ import annotations

import random

import pytest

from tests import invariants
from tests.server.fake_rooms import NUMBERS, WORD, Client, House
from tests.virtual_time import virtual_time

LISTENERS = (((), "fast"), (("de",), "fast"), (("de", "es"), "calm"), (("es",), "fast"))
WORD_S = WORD / 16_000


@pytest.mark.parametrize("drops", [40, pytest.param(1000, marks=pytest.mark.long)])
@virtual_time
async def test_random_drops_lose_and_double_no_committed_word(drops: int, capsys: pytest.CaptureFixture[str]) -> None:
    choices = random.Random(drops)
    house = House(resume_ms=5000, replay_events=20_000)
    speaker = house.speaker(targets=("es",))
    listeners = [house.client(targets=targets, mode=mode) for targets, mode in LISTENERS]
    for client in (speaker, *listeners):
        client.connect()
    await house.settle()
    session = speaker.session
    captured = 0.0
    """Words that were said so far; a speaker without a connection keeps them."""
    dropped = {"speaker": 0, "listener": 0}
    away: dict[Client, float] = {}
    while sum(dropped.values()) < drops or away:
        captured += choices.choice((0.25, 1, 1, 2))
        await house.pass_time(WORD_S)
        for client in [client for client, until in away.items() if until <= captured]:
            del away[client]
            client.connect()
        await house.settle()
        if speaker.is_open and captured * WORD > speaker.position:
            speaker.speak(captured - speaker.position / WORD)
        if sum(dropped.values()) < drops and choices.random() < 0.8:
            client = choices.choice([client for client in (speaker, *listeners) if client not in away] or [speaker])
            if client not in away:
                if choices.random() < 0.5:  # else what was just said is lost on the way
                    await house.settle(read=False)
                client.drop(choices.choice((0, 1, 2, 5, 100)))
                dropped[client.hello_fields["role"]] += 1
                away[client] = captured + choices.choice((0, 1, 4))
    await house.settle()
    speaker.speak(captured - speaker.position / WORD)
    speaker.end()
    await house.settle()

    said = int(captured) + (captured % 1 > 0)
    heard = house.backend.opened[0].heard
    assert len(house.backend.opened) == 1
    assert speaker.session == session
    whole = int(captured)
    assert heard[:whole] == [f"{speaker.number}.{n % NUMBERS}" for n in range(whole)]
    lost = doubled = 0
    for client in (speaker, *listeners):
        invariants.committed_only_grows(client.messages)
        invariants.one_final_per_text(client.messages)
        invariants.every_segment_is_final(client.messages, client.hello_fields["targets"])
        for lang in ("en", *client.hello_fields["targets"]):
            words = " ".join(client.texts(lang)).split()
            wanted = heard if lang == "en" else [f"{word}/{lang}" for word in heard]
            lost += max(0, len(wanted) - len(words))
            doubled += max(0, len(words) - len(wanted))
            assert words == wanted
    assert (lost, doubled) == (0, 0)
    with capsys.disabled():
        if drops > 100:
            print(
                f"\n{dropped['speaker']} drops of the speaker, {dropped['listener']} of listeners, {said} words: "
                f"{lost} lost, {doubled} doubled"
            )
    await house.close()
