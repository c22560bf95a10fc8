"""Which language a segment is in: given, detected, doubted at the next sentence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from translate.speech.spoken import SpokenLanguage
from translate.speech.whisper import Window


class Ear:
    """A detector that hears what it is told to hear, and counts."""

    def __init__(self, code: str, share: float) -> None:
        self.heard = (code, share)
        self.asked: list[tuple[str, ...]] = []

    def detect_language(self, window: Window, allowed: Sequence[str] = ()) -> tuple[str, float]:
        self.asked.append(tuple(allowed))
        return self.heard


def of(seconds: float) -> Window:
    return Window(None, 0, seconds)


def test_a_given_language_is_never_asked_for() -> None:
    ear = Ear("de", 0.99)
    spoken = SpokenLanguage(ear, "es", ())
    spoken.next_span()
    assert not spoken.hear(of(5), last=True)
    spoken.next_sentence()
    assert not spoken.hear(of(5), last=False)
    assert (spoken.code, ear.asked) == ("es", [])


@pytest.mark.parametrize(
    ("share", "seconds", "last", "found"),
    [(0.9, 1.0, False, None), (0.9, 1.6, False, "fr"), (0.4, 1.6, False, None), (0.4, 2.6, False, "fr"),
     (0.3, 0.4, True, "fr")],
)  # fmt: skip
def test_detection_waits_until_it_is_sure_but_not_for_ever(
    share: float, seconds: float, last: bool, found: str | None
) -> None:
    spoken = SpokenLanguage(Ear("fr", share), None, ("fr", "it"))
    spoken.next_span()
    assert spoken.hear(of(seconds), last=last) == (found is not None)
    assert spoken.code == found


def test_each_span_is_heard_anew_and_the_language_before_needs_less() -> None:
    ear = Ear("fr", 0.9)
    spoken = SpokenLanguage(ear, None, ("fr", "de"))
    spoken.next_span()
    spoken.hear(of(2), last=False)
    spoken.next_span()
    assert spoken.code is None
    assert spoken.hear(of(0.8), last=False), "French again"
    spoken.next_span()
    ear.heard = ("de", 0.9)
    assert not spoken.hear(of(0.8), last=False)
    assert spoken.hear(of(1.6), last=False)
    assert (spoken.code, set(ear.asked)) == ("de", {("fr", "de")})


def test_a_sentence_in_another_language_is_followed_only_when_it_is_clear() -> None:
    ear = Ear("fr", 0.9)
    spoken = SpokenLanguage(ear, None, ())
    spoken.next_span()
    spoken.hear(of(2), last=False)
    asked = len(ear.asked)
    assert not spoken.hear(of(4), last=False)
    assert len(ear.asked) == asked, "within a sentence nobody changes"
    spoken.next_sentence()
    ear.heard = ("de", 0.7)
    assert not spoken.hear(of(1.8), last=False)
    ear.heard = ("de", 0.95)
    assert not spoken.hear(of(1.2), last=False), "too little was heard"
    assert spoken.hear(of(1.8), last=False)
    assert spoken.code == "de"


def test_a_change_of_setting_waits_for_the_next_segment() -> None:
    spoken = SpokenLanguage(Ear("fr", 0.9), "es", ())
    spoken.next_span()
    spoken.set("de")
    spoken.hear(of(3), last=False)
    assert spoken.code == "es"
    spoken.next_sentence()
    assert spoken.code == "de"
    spoken.set(None)
    spoken.next_span()
    assert spoken.code is None
    spoken.hear(of(3), last=False)
    assert spoken.code == "fr"
