from __future__ import annotations

import subprocess

import pytest


def test_bash_accepts_its_script(run) -> None:
    script = run("completion", "bash")
    assert (script.returncode, script.stderr) == (0, "")
    assert "complete " in script.stdout
    subprocess.run(["bash", "-n"], input=script.stdout, text=True, check=True, timeout=30)


@pytest.mark.parametrize(("shell", "part"), [("zsh", "#compdef sottovoce"), ("fish", "--command sottovoce")])
def test_the_other_shells_have_scripts(run, shell: str, part: str) -> None:
    script = run("completion", shell)
    assert (script.returncode, script.stderr) == (0, "")
    assert part in script.stdout
    assert "_SOTTOVOCE_COMPLETE" in script.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("sottovoce fi", ["file", "find"]),
        ("sottovoce models pa", ["path"]),
        ("sottovoce file --for", ["--format"]),
        ("sottovoce file x --format v", ["vtt"]),
    ],
)
def test_the_shell_is_told_what_may_follow(run, words: str, expected: list[str]) -> None:
    asked = {"_SOTTOVOCE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    ran = run(env=asked)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert [line.partition(",")[2] for line in ran.stdout.splitlines()] == expected
