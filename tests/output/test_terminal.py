from __future__ import annotations

import dataclasses
import io
import re

from rich.console import Console

from translate.events import Event, Lag, Marks, Notice, SpeechSpan, Transcript, Translation
from translate.latency import SessionClock
from translate.output.terminal import TerminalCaptions


def drawn(
    *events: Event, targets: tuple[str, ...] = (), terminal: bool = True, width: int = 60, height: int = 20
) -> str:
    """All that was sent to the screen (``terminal``) or to a pipe."""
    screen = io.StringIO()
    colors = "standard" if terminal else None
    console = Console(file=screen, force_terminal=terminal, width=width, height=height, color_system=colors)
    with TerminalCaptions(targets, SessionClock(lambda: 2.0), console) as captions:
        for event in events:
            captions.add(event)
    return screen.getvalue()


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def rows(screen: str) -> list[str]:
    """What is left on a screen of unlimited height: text, new lines, "up a row" and "wipe this row"."""
    found, at = [""], 0
    for code, text in re.findall(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)|([^\x1b\r\n]+)", screen):
        if code == "\n":
            at += 1
            found += [""] * (at == len(found))
        elif code == "\x1b[1A":
            at -= 1
        elif code == "\x1b[2K":
            found[at] = ""
        found[at] += text
    return [row for row in found if row]


def style_of(text: str, screen: str) -> set[str]:
    """The codes that ``text`` is drawn with, wherever it is."""
    return set(re.findall(rf"\x1b\[([0-9;]*)m[^\x1b]*{re.escape(text)}", screen))


def test_what_may_change_looks_unlike_what_stands(heard) -> None:
    screen = drawn(heard(0, "Good morning", final=False, tail=" everybod"))
    assert style_of("Good morning", screen) == {"1"}  # bold
    assert style_of("everybod", screen) == {"2;3"}  # dim, italics


def test_what_comes_from_elsewhere_cannot_steer_the_terminal(heard) -> None:
    nasty = "a\x1b]52;c;b3duZWQ=\x07b\x1b[2Jc\x9b2Jd\re"
    for terminal in (True, False):
        screen = drawn(heard(0, nasty, final=False, tail=nasty), Notice("odd", nasty), terminal=terminal)
        assert "\x1b]" not in screen
        assert "\x1b[2J" not in screen
        assert "\x9b" not in screen
        assert "52;c;b3duZWQ=" in screen, "shown as text"


def test_the_open_segment_is_drawn_again_and_the_finished_one_stays(heard, translated) -> None:
    screen = drawn(
        SpeechSpan("started", 0, 0.0),
        heard(0, "Good", final=False, tail=" mornin"),
        heard(0, "Good morning."),
        translated(0, "de", "Guten", final=False, tail=" Tag"),
        translated(0, "de", "Guten Morgen."),
        targets=("de",),
    )
    assert "● listening" in screen
    assert "mornin" in plain(screen)
    assert rows(screen) == ["en  Good morning.", "de  Guten Morgen."]


def test_the_newest_words_are_seen_on_a_small_screen(heard) -> None:
    words = " ".join(f"word{number}" for number in range(200))
    screen = plain(drawn(heard(0, words, final=False, tail=" newest"), width=40, height=8).split("\x1b[?25h")[0])
    assert "newest" in screen
    assert "word0 " not in screen
    assert "Ctrl-C ends" in screen


def test_a_language_without_a_route_does_not_hold_up_the_screen(heard) -> None:
    events = [heard(number, f"sentence{number}.") for number in range(20)]
    screen = io.StringIO()
    with TerminalCaptions(("de",), SessionClock(), Console(file=screen, width=60)) as captions:
        for event in events:
            captions.add(event)
        assert "sentence0." in screen.getvalue()
        assert "sentence19." not in screen.getvalue()
    assert [line.split()[1] for line in screen.getvalue().splitlines()] == [f"sentence{n}." for n in range(20)]


def test_into_a_pipe_go_finished_lines_unwrapped_and_without_codes(heard, translated) -> None:
    words = " ".join(["seven"] * 40) + "."
    text = drawn(
        SpeechSpan("started", 0, 0.0),
        heard(0, words, final=False, tail=" eight"),
        heard(0, words),
        translated(0, "de", "Sieben."),
        targets=("de",),
        terminal=False,
    )
    assert text == f"en  {words}\nde  Sieben.\n"


def test_notices_are_shown_and_square_brackets_are_text(heard) -> None:
    screen = plain(drawn(Notice("device_lost", "the microphone [red] is gone"), Lag("recognition", 3000)))
    assert "the microphone [red] is gone" in screen
    assert "recognition is 3.0 s behind" in screen
    assert "[bold]loud[/bold]" in plain(drawn(heard(0, "[bold]loud[/bold]")))


def test_the_status_line_says_how_old_the_newest_words_are() -> None:
    marks = Marks(capture=-500.0, asr_start=-300.0, asr_end=-200.0)
    screen = plain(drawn(Transcript(0, 1, "en", "Hi", "", False, 0, 1, (), marks), width=120))
    assert "newest sound to screen 500 ms (wait 200, recognise 100)" in screen
    translated = Translation(0, 1, "de", "H", "", False, 1, Marks(-500.0, None, None, -300.0, -200.0, -150.0, -120.0))
    assert "translate 30)" in plain(drawn(Transcript(0, 1, "en", "Hi", "", False, 0, 1), translated, targets=("de",),
                                          width=120))  # fmt: skip


def test_an_error_in_mid_sentence_leaves_what_was_committed(heard) -> None:
    screen = io.StringIO()
    captions = TerminalCaptions((), SessionClock(), Console(file=screen, force_terminal=True, width=60))
    try:
        with captions:
            captions.add(heard(0, "Almost done", final=False))
            raise OSError("the sound card is on fire")
    except OSError:
        pass
    assert "Almost done" in plain(screen.getvalue().split("\x1b[?25h")[1])


def test_the_status_stays_one_line_on_a_narrow_screen(heard) -> None:
    marks = Marks(capture=100.0, asr_start=500.0, asr_end=1200.0, mt_start=1200.0, mt_end=1300.0)
    screen = drawn(dataclasses.replace(heard(0, "Good", final=False), marks=marks), width=24)
    status = [line for line in plain(screen).splitlines() if "Ctrl-C ends" in line]
    assert status
    assert all(len(line.strip("\r")) <= 24 for line in status)
    assert not any("recognise" in line or "newest" in line for line in plain(screen).splitlines() if line not in status)
