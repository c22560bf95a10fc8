from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from translate.events import Event, Lag, SpeechSpan, Transcript, Translation
from translate.output.collect import Caption, Collector


def collected(collector: Collector, *events: Event) -> list[Caption]:
    return [caption for event in events for caption in collector.add(event)]


def test_a_segment_waits_for_every_language(heard, translated) -> None:
    collector = Collector(("de", "fr"))
    assert collected(collector, heard(0, "Hello."), translated(0, "de", "Hallo.")) == []
    assert collected(collector, translated(0, "fr", "Bon", final=False)) == []
    (caption,) = collected(collector, translated(0, "fr", "Bonjour."))
    assert [caption.text(lang) for lang in (None, "de", "fr", "es")] == ["Hello.", "Hallo.", "Bonjour.", ""]
    assert not collector.open


def test_without_targets_the_final_transcript_is_enough(heard) -> None:
    collector = Collector(())
    assert collected(collector, heard(0, "Hel", final=False)) == []
    assert [c.text(None) for c in collected(collector, heard(0, "Hello."))] == ["Hello."]


def test_a_segment_without_words_is_left_out(heard, translated) -> None:
    assert collected(Collector(("de",)), heard(0, ""), translated(0, "de", "")) == []


def test_the_order_is_that_of_speech_though_the_later_is_done_first(heard, translated) -> None:
    collector = Collector(("de",))
    assert collected(collector, heard(0, "One.", final=False), heard(1, "Two."), translated(1, "de", "Zwei.")) == []
    done = collected(collector, heard(0, "One."))
    assert [caption.text(None) for caption in done] == ["One.", "Two."]


def test_a_final_of_a_later_segment_says_that_nothing_comes_of_an_earlier_one(heard, translated) -> None:
    """As when the speaker changes to a language that has no route, and back."""
    collector = Collector(("de",))
    assert collected(collector, heard(0, "Uno.", final=True), heard(1, "Two.")) == []
    done = collected(collector, translated(1, "de", "Zwei."))
    assert [(caption.text(None), caption.text("de")) for caption in done] == [("Uno.", ""), ("Two.", "Zwei.")]


def test_a_language_that_never_says_anything_holds_only_so_much(heard) -> None:
    collector = Collector(("de",), most_open=3)
    done = collected(collector, *(heard(number, f"{number}") for number in range(10)))
    assert [caption.text(None) for caption in done] == [str(number) for number in range(7)]
    assert len(collector.open) == 3
    assert [caption.text(None) for caption in collector.rest()] == ["7", "8", "9"]
    assert not collector.open


def test_other_events_and_unknown_segments_are_passed_over(translated) -> None:
    collector = Collector(("de",))
    others = [SpeechSpan("started", 0, 0.0), Lag("mt", 3000), translated(7, "de", "?"), translated(0, "it", "?")]
    assert collected(collector, *others) == []
    assert not collector.open


@st.composite
def sessions(draw: st.DrawFn) -> tuple[int, list[Event]]:
    """Segments of a session with two languages, each stage as far behind the one before it as it likes."""
    count = draw(st.integers(1, 8))
    spoken: list[Event] = []
    by_lang: dict[str, list[Event]] = {"de": [], "fr": []}
    for number in range(count):
        for rev in range(1, draw(st.integers(1, 3))):
            spoken.append(Transcript(number, rev, "en", f"s{number}"[:rev], "", False, 0, 1))
        spoken.append(Transcript(number, 9, "en", f"s{number}", "", True, 0, 1))
        for lang, queue in by_lang.items():
            if draw(st.booleans()):
                queue.append(Translation(number, 1, lang, lang, " tail", False, 1))
            queue.append(Translation(number, 2, lang, f"{lang}{number}", "", True, 9))
    events = []
    while spoken or any(by_lang.values()):
        ready = [queue for queue in by_lang.values() if queue and not any(_said(e, queue[0]) for e in spoken)]
        queue = draw(st.sampled_from([*([spoken] if spoken else []), *ready]))
        events.append(queue.pop(0))
    return count, events


def _said(event: Event, translation: Event) -> bool:
    """Whether ``event``, still to come, is one that ``translation`` needs."""
    assert isinstance(event, Transcript)
    assert isinstance(translation, Translation)
    return event.segment == translation.segment and event.rev <= (9 if translation.final else 1)


@settings(max_examples=60)
@given(sessions())
def test_everything_comes_out_once_in_order_and_whole(session: tuple[int, list[Event]]) -> None:
    count, events = session
    collector = Collector(("de", "fr"))
    done: list[Caption] = []
    said: set[int] = set()
    for event in events:
        if isinstance(event, Transcript):
            said.add(event.segment)
        done += collector.add(event)
        assert len(collector.open) == len(said) - len(done)  # nothing is kept that has been handed out
    assert [caption.transcript.segment for caption in done] == list(range(count))
    for number, caption in enumerate(done):
        assert [caption.text(lang) for lang in (None, "de", "fr")] == [f"s{number}", f"de{number}", f"fr{number}"]
