"""``sottovoce translate``: as many lines out as in, each at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import translate

ROOT = Path(translate.__file__).parent.parent


def start(folder: Path | None, *arguments: str) -> subprocess.Popen[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SOTTOVOCE_MT")}
    env["PYTHONPATH"] = str(ROOT)
    if folder is not None:
        env["SOTTOVOCE_MT_MODELS"] = str(folder)
    return subprocess.Popen(
        [sys.executable, "-m", "translate", "translate", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
    )  # fmt: skip


def test_each_line_is_answered_before_the_next_is_sent(models: dict[str, Path]) -> None:
    with start(models["opus"], "--from", "es", "--to", "en") as process:
        assert process.stdin
        assert process.stdout
        for line, expected in ((b"uno dos tres\n", b"one two three\n"), (b"dos\n", b"two\n")):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == expected
        process.stdin.close()
    assert process.returncode == 0


def test_no_line_is_lost_whatever_is_in_it(models: dict[str, Path]) -> None:
    lines = [b"uno", b"", b"   ", b"\xff\xfe\x00", "🎉 \u200b".encode(), b"dos " * 2000, b"tres\r", b"\x1b[31m", b"uno"]
    process = start(models["opus"], "--from", "es", "--to", "en", "--beam", "1")
    out, err = process.communicate(b"\n".join(lines), timeout=100)
    assert (process.returncode, err) == (0, b"")
    answers = out.decode().split("\n")
    assert len(answers) == len(lines) + 1
    assert (answers[0], answers[6], answers[8]) == ("one", "three", "one")
    assert (answers[1], answers[2]) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("--from", "es"), 2), (("--from", "es", "--to", "xx"), 2), (("--from", "sw", "--to", "is"), 3)],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments: tuple[str, ...], status: int) -> None:
    process = start(None, *arguments)
    out, err = process.communicate(b"habari\n", timeout=60)
    assert (process.returncode, out) == (status, b"")
    assert err.count(b"\n") == 1


def test_a_glossary_decides_how_terms_are_written(models: dict[str, Path], tmp_path: Path) -> None:
    glossary = tmp_path / "terms.tsv"
    glossary.write_text("es\ten\ncasa blanca\tWhite House\n")
    process = start(models["opus"], "--from", "es", "--to", "en", "--glossary", str(glossary))
    out, err = process.communicate(b"la casa blanca\nla casa\n", timeout=60)
    assert (process.returncode, out, err) == (0, b"the White House\nthe house\n", b"")


def test_a_bad_line_of_a_glossary_is_named(models: dict[str, Path], tmp_path: Path) -> None:
    glossary = tmp_path / "terms.tsv"
    glossary.write_text("es\ten\nuno\tone\tun\n")
    process = start(models["opus"], "--from", "es", "--to", "en", "--glossary", str(glossary))
    out, err = process.communicate(b"uno\n", timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert f"{glossary}, line 2: 3 cells" in err.decode()
    assert err.count(b"\n") == 1
