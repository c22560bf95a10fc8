"""Lines of any length: cut as they would be anyway, each part at once, and never all of them in memory."""

from __future__ import annotations

import io
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.cli import cli
from translate.translation.lines import parts
from translate.translation.sentences import SPACED, UNSPACED, Lengths, pieces

WORDS = st.sampled_from(["word ", "Dr. ", "end. ", "clause, ", "z.B. ", "so... ", "3. ", "Ende! ", "¿Qué? ", "x" * 300])
SENTENCES = st.lists(st.sampled_from(["One more. ", "Dr. Who, he said. ", "Is it so? ", "In the end it is 3.5! "]))


@pytest.mark.parametrize("lengths", [SPACED, UNSPACED])
@settings(max_examples=30)
@given(words=st.lists(WORDS, max_size=12), times=st.sampled_from([1, 50, 400]))
def test_nothing_of_a_line_is_lost(lengths: Lengths, words: list[str], times: int) -> None:
    line = ("".join(words) * times)[:6000]
    found = list(parts(io.BytesIO(f"{line}\nnext\n".encode()), lengths))
    assert [part.ends_line for part in found][-2:] == [True, True]
    assert sum(part.ends_line for part in found) == 2
    assert found[-1].text == "next"
    assert "".join(part.text for part in found[:-1]).split() == line.split()
    assert all(len(part.text) <= 2000 for part in found)


@settings(max_examples=30)
@given(sentences=SENTENCES, times=st.sampled_from([10, 100]))
def test_a_line_is_cut_as_it_would_be_as_a_whole(sentences: list[str], times: int) -> None:
    line = ("".join(sentences) * times)[:6000]
    found = [part.text for part in parts(io.BytesIO(line.encode()), SPACED)]
    assert [piece for part in found for piece in pieces(part)] == pieces(line)


def test_every_line_comes_out_whatever_is_in_it() -> None:
    lines = [b"uno", b"", b"\r", b"\xff\xfe\x00", "🎉".encode() * 9000, b" " * 50_000, b"tres\r", b"last"]
    found = list(parts(io.BytesIO(b"\n".join(lines)), SPACED))
    assert sum(part.ends_line for part in found) == len(lines)
    assert [part.text for part in found if part.ends_line][-2:] == ["tres", "last"]
    assert "".join(part.text for part in found).count("🎉") == 9000
    assert list(parts(io.BytesIO(b""), SPACED)) == []
    (cut_off,) = parts(io.BytesIO("ñ".encode()[:1]), SPACED)
    assert (cut_off.text, cut_off.ends_line) == ("\ufffd", True)


def test_a_line_is_not_held_as_a_whole() -> None:
    class Endless(io.BytesIO):
        served = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= 1 << 16
            self.served += size
            return (b"A sentence that goes on for a while. " * size)[:size]

    stream = Endless()
    first = next(parts(stream, SPACED))
    assert not first.ends_line
    assert stream.served <= 1 << 16


@pytest.mark.parametrize("word", ["3. ", "Dr. A ", "z.B. ", 'a."', "word ", "."])
def test_cutting_a_long_text_takes_no_time(word: str) -> None:
    began_s = time.perf_counter()
    pieces(word * (20_000 // len(word)))
    assert time.perf_counter() - began_s < 5, "took minutes: every mark was followed to the end of the text"


def test_the_command_says_each_part_as_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    route = SimpleNamespace(source="en", target="es")
    translators = SimpleNamespace(route=lambda *_: route, glossary=None)
    monkeypatch.setattr("translate.inference.translators.Translators", lambda _config: translators)

    def translate_text(_route: object, text: str, *_: object) -> str:
        said.append(text)
        return text.upper()

    monkeypatch.setattr("translate.translation.translate_text", translate_text)
    line = "This is one of very many sentences. " * 3000
    ran = CliRunner().invoke(cli, ["translate", "--from", "en", "--to", "es"], input=f"one\n{line}\n\ntwo")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout == f"ONE\n{line.strip().upper()}\n\nTWO\n"
    assert len(said) > 50
    assert max(map(len, said)) <= 2000
