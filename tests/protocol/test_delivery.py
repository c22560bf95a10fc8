"""Replay log, outbox and view: pure, and held to the promise that nothing committed is lost."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.events import Lag, Notice, SpeechSpan, Transcript, Translation, Word
from translate.protocol import (
    Cursor,
    Outbox,
    Parcel,
    Pong,
    ReplayLog,
    SlowReaderError,
    Snapshot,
    View,
    continued,
    decode_server,
    encode,
    snapshots,
)
from translate.protocol.log import SNAPSHOT_SEGMENTS, text_key


def transcript(segment: int, rev: int, committed: str = "", tail: str = "", final: bool = False) -> Transcript:
    return Transcript(segment, rev, "en", committed, tail, final, 0, 1)


def german(segment: int, rev: int, committed: str = "", final: bool = False) -> Translation:
    return Translation(segment, rev, "de", committed, "", final, rev)


@st.composite
def streams(draw):
    """What a session may say: several segments, each growing in two languages, one after the other."""
    events = []
    for segment in range(draw(st.integers(1, 5))):
        words = {"en": "", "de": ""}
        for rev in range(1, draw(st.integers(1, 4)) + 1):
            for lang in draw(st.permutations(["en", "de"])):
                words[lang] += draw(st.sampled_from(["", "a ", "b "]))
                event = transcript(segment, rev, words["en"], draw(st.sampled_from(["", "t"])))
                events.append(event if lang == "en" else german(segment, rev, words["de"]))
        events += [transcript(segment, 9, words["en"] + ".", final=True), german(segment, 9, words["de"] + ".", True)]
    return events


def newest(events):
    return {text_key(event): event for event in events}


@given(streams(), st.data())
def test_replay_after_any_point_gives_the_newest_text(events, data) -> None:
    log = ReplayLog(100)
    numbers = [log.append(event).number for event in events]
    assert numbers == list(range(1, len(events) + 1))
    seen = data.draw(st.integers(0, len(events)))
    replayed = log.replay(seen)
    assert [parcel.number for parcel in replayed] == sorted(parcel.number for parcel in replayed)
    assert newest([*events[:seen], *(parcel.message for parcel in replayed)]) == newest(events)
    assert len(replayed) == len({text_key(parcel.message) for parcel in replayed}), "one revision of each text"


@given(streams(), st.integers(1, 12), st.data())
def test_full_log_knows_how_far_back_it_reaches(events, capacity, data) -> None:
    log = ReplayLog(capacity)
    for event in events:
        log.append(event)
        assert len(log) <= capacity
    seen = data.draw(st.integers(0, len(events)))
    replayed = log.replay(seen)
    if replayed is not None:
        assert newest([*events[:seen], *(parcel.message for parcel in replayed)]) == newest(events)
    elif len(newest(events)) <= capacity:
        pytest.fail("everything is kept, so it must reach back")
    assert log.replay(len(events)) == []
    assert log.replay(len(events) + 1) is None


@given(streams(), st.data())
def test_drop_at_any_moment_loses_and_doubles_nothing(events, data) -> None:
    """A client reads through an outbox with other messages in between, drops after any message, and resumes."""
    log, outbox, cursor, seq = ReplayLog(100), Outbox(1000), Cursor(100, 0), 0
    received = []
    for event in events:
        outbox.push(log.append(event))
        if data.draw(st.booleans()):
            outbox.push(Parcel(Pong(client_ms=0, server_ms=0)))
        while len(outbox) and data.draw(st.booleans()):
            parcel = outbox.pop()
            seq += 1
            if parcel.number is not None:
                cursor.sent(seq, parcel.number)
            received.append(parcel.message)
    arrived = data.draw(st.integers(0, len(received)))
    replayed = log.replay(cursor.reached(arrived))
    assert replayed is not None
    after = [parcel.message for parcel in replayed]
    texts = [message for message in received[:arrived] if not isinstance(message, Pong)]
    assert newest([*texts, *after]) == newest(events)
    assert not [event for event in after if event in texts], "nothing comes twice"


def test_cursor_forgets_only_what_the_log_forgot() -> None:
    log, cursor = ReplayLog(10), Cursor(10, 0)
    for number in range(1, 101):
        log.append(transcript(number, 1, "x", final=True))
        cursor.sent(2 * number, number)
    assert cursor.reached(200) == 100
    assert cursor.reached(199) == 99
    assert [parcel.number for parcel in log.replay(cursor.reached(190))] == [96, 97, 98, 99, 100]
    assert log.replay(cursor.reached(20)) is None


@given(streams(), st.integers(1, 8), st.data())
def test_who_is_further_behind_than_remembered_gets_a_snapshot_and_misses_nothing(events, kept, data) -> None:
    log, cursor = ReplayLog(100), Cursor(data.draw(st.integers(1, 8)), 0)
    for seq, event in enumerate(events, 1):
        parcel = log.append(event)
        assert parcel.number is not None
        cursor.sent(seq, parcel.number)
    if data.draw(st.booleans()):
        cursor.keep(kept)
    arrived = data.draw(st.integers(0, len(events)))
    replayed = log.replay(cursor.reached(arrived))
    if replayed is not None:
        after = [parcel.message for parcel in replayed]
        assert newest([*events[:arrived], *after]) == newest(events)
    else:
        assert arrived < len(events), "who has everything misses nothing"


@given(streams(), st.integers(1, 6), st.data())
def test_outbox_never_loses_committed_text(events, capacity, data) -> None:
    outbox = Outbox(capacity)
    received, pushed = [], []
    for event in events:
        try:
            outbox.push(Parcel(event))
        except SlowReaderError:
            break
        pushed.append(event)
        assert len(outbox) <= capacity
        if data.draw(st.booleans()):
            received.append(outbox.pop().message)
    while len(outbox):
        received.append(outbox.pop().message)
    have, want = newest(received), newest(pushed)
    for key, event in want.items():
        if event.committed or event.final:
            assert have[key] == event
    order = [pushed.index(message) for message in received]
    assert order == sorted(order), "in the order in which they came"


def test_outbox_drops_tails_then_status_then_gives_up() -> None:
    outbox = Outbox(3)
    outbox.push(Parcel(transcript(0, 1, "said"), 1))
    outbox.push(Parcel(SpeechSpan("started", 0, 0.0)))
    outbox.push(Parcel(transcript(1, 1, "", "tail"), 2))
    outbox.push(Parcel(transcript(2, 1, "more"), 3))
    outbox.push(Parcel(transcript(3, 1, "and more"), 4))
    with pytest.raises(SlowReaderError) as error:
        outbox.push(Parcel(transcript(4, 1, "too much"), 5))
    assert error.value.close_code == 4408
    outbox.push(Parcel(transcript(0, 2, "said it"), 6))  # the newer revision of a waiting text always finds room
    assert [outbox.pop().message.committed for _ in range(3)] == ["more", "and more", "said it"]
    assert outbox.merged == 3


def test_outbox_keeps_the_newest_status_and_every_answer() -> None:
    outbox = Outbox(100)
    messages = [
        Lag("asr", 100),
        Lag("mt", 5, "de"),
        Lag("asr", 0),
        SpeechSpan("started", 0, 0.0),
        SpeechSpan("stopped", 9, 1.0),
        Notice("overflow", "first"),
        Notice("overflow", "second"),
        Pong(client_ms=1, server_ms=1),
        Pong(client_ms=1, server_ms=1),
    ]
    for message in messages:
        outbox.push(Parcel(message))
    assert [outbox.pop().message for _ in range(len(outbox))] == [messages[place] for place in (1, 2, 4, 6, 7, 8)]
    with pytest.raises(KeyError):
        outbox.pop()


@given(streams())
def test_calm_view_shows_all_committed_text_and_no_tail(events) -> None:
    view = View(("de",), "calm")
    shown = [view.admit(Parcel(event)) for event in events]
    kept = [parcel.message for parcel in shown if parcel is not None]
    assert {event.tail for event in kept} <= {""}
    assert {k: e.committed for k, e in newest(kept).items()} == {k: e.committed for k, e in newest(events).items()}
    lengths = [(text_key(e), len(e.committed), e.final) for e in kept]
    assert len(lengths) == len(set(lengths)), "each shown event brings something new"


@given(streams())
def test_fast_view_shows_all_of_its_languages_only(events) -> None:
    parcels = [Parcel(event) for event in events]
    assert [View(("de",)).admit(parcel) for parcel in parcels] == parcels
    shown = [View(("fr",)).admit(parcel) for parcel in parcels]
    assert [one for one in shown if one] == [one for one in parcels if isinstance(one.message, Transcript)]
    for german in (Parcel(Lag("mt", 1, "de")), Parcel(Notice("bad_language", "no way to German", lang="de"))):
        assert View(("fr",)).admit(german) is None
        assert View(("de",)).admit(german) is german
    muted = Parcel(Notice("muted", "to everybody"))
    assert View(("fr",)).admit(muted) is muted


def test_all_calm_readers_share_one_text_without_tail() -> None:
    parcel = Parcel(transcript(0, 1, "said", "tail"), 5)
    shown = [View((), "calm").admit(parcel) for _ in range(2)]
    assert shown[0] is shown[1]
    assert (shown[0].message, shown[0].number) == (transcript(0, 1, "said"), 5)


def test_frame_of_a_parcel_is_the_message_in_its_envelope(strategies) -> None:
    @given(strategies.server, strategies.tenths, st.integers(1, 2**53))
    def spliced(message, t_ms, seq) -> None:
        if isinstance(message, Snapshot):
            message = replace(message, last_seq=seq)
        assert json.loads(Parcel(message).frame(seq, t_ms)) == json.loads(encode(message, seq=seq, t_ms=t_ms))

    spliced()


@given(streams(), streams())
def test_texts_of_two_translators_in_turn_keep_the_promises(first, second) -> None:
    """A language that was left and taken up again: the second translator knows nothing of the first."""
    log = ReplayLog(1000)
    for event in [*first, *second]:
        last = log.newest(text_key(event))
        going = continued(event, last)
        if going is None:
            continue
        log.append(going)
        if last is not None:
            assert not last.final
            assert going.rev > last.rev
            assert going.committed.startswith(last.committed)
    finals = {text_key(event) for event in [*first, *second] if event.final}
    assert all(log.newest(key).final for key in finals)


@given(st.integers(0, 450))
def test_snapshots_hold_everything_in_order_and_are_not_too_long(count) -> None:
    log = ReplayLog(1000)
    for segment in range(count):
        log.append(german(segment, 1, f"s{segment}", True))
        log.append(replace(transcript(segment, 1, f"s{segment}"), final=True))
    messages = list(snapshots(log.latest(), View(("de",)).admit_text))
    assert all(0 < len(message.segments) <= SNAPSHOT_SEGMENTS for message in messages)
    parts = [part for message in messages for part in message.segments]
    wanted = [(s, kind, f"s{s}") for s in range(count) for kind in ("transcript", "translation")]
    assert [(part.segment, part.TYPE, part.committed) for part in parts] == wanted


def test_words_that_are_in_the_frame_are_kept_nowhere_else():
    words = (Word(" said", 0, 300, 0.9), Word(" so", 400, 500, 0.8))
    log = ReplayLog(10)
    log.append(replace(transcript(0, 1, "said so", final=True), words=words))

    def replayed() -> Transcript:
        (parcel,) = log.replay(0)
        return decode_server(parcel.frame(1, 0.0)).message

    assert [word.text for word in replayed().words] == [" said", " so"]
    assert replayed() == replayed()  # who comes back later is told the words as well
    assert log.newest(("Transcript", 0, "en")).words == ()
