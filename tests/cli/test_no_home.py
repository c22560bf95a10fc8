"""A user without HOME and without an entry in the list of users, as containers make them; and a home that is read-only.

What needs nothing to be written works; what does says in one line which setting names another place.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from translate.errors import ConfigError
from translate.paths import expanded, user_folder

ROOT = Path(__file__).parent.parent.parent
NOBODY = 12345
pytestmark = pytest.mark.skipif(
    shutil.which("setpriv") is None or os.geteuid() != 0, reason="needs root and setpriv, to become somebody else"
)


def said(*words: str, said_to: str = "", **environment: str) -> tuple[int, str, str]:
    """Status, output and errors of ``sottovoce`` for a user whom the machine does not know.

    The user may read every file, as the checkout may lie in a folder of root's, and write none.
    """
    change = ["--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
    change += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    ran = subprocess.run(
        ["setpriv", *change, sys.executable, "-m", "translate", *words],
        env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        cwd=ROOT, input=said_to, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.models
def test_what_needs_nothing_to_be_written_works(clips: dict[str, Any]) -> None:
    status, out, err = said("translate", "--from", "en", "--to", "es", said_to="See you tomorrow.\n")
    assert (status, err) == (0, "")
    assert out.strip()
    status, out, err = said("file", str(clips["fleurs_en_007"].path), "--from", "en", "--model", "whisper-tiny.en")
    assert (status, err) == (0, "")
    assert len(out.split()) > 5
    for words in (("models", "list"), ("config", "show"), ("token", "list")):
        assert said(*words)[0] == 0, words


@pytest.mark.models
@pytest.mark.parametrize("home", [None, "/proc"], ids=["no home", "a home that cannot be written"])
@pytest.mark.parametrize(
    ("words", "setting"),
    [
        (("models", "path", "whisper-base"), "SOTTOVOCE_CACHE"),
        (("serve", "--port", "0"), "SOTTOVOCE_CACHE"),
        (("token", "create", "--role", "speak"), "SOTTOVOCE_STATE"),
        (("serve", "--lan", "--port", "0", "--model", "whisper-tiny.en"), "SOTTOVOCE_STATE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_what_has_to_be_written_is_one_line_that_names_the_setting(
    home: str | None, words: tuple[str, ...], setting: str
) -> None:
    status, out, err = said(*words, **({"HOME": home} if home else {}))
    assert status in (1, 2, 3)
    assert out == ""
    lines = [line for line in err.splitlines() if '"level": "warning"' not in line]
    assert len(lines) == 1, err
    assert f"set {setting} to a folder" in lines[0]
    assert not Path("/nonexistent").exists()


def test_a_tilde_that_stands_for_no_home_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("no such user")))
    with pytest.raises(ConfigError, match="~/models: there is no such home folder"):
        expanded("~/models")
    assert not user_folder("XDG_NO_SUCH_HOME", ".cache").exists()


def test_a_relative_xdg_folder_is_ignored() -> None:
    assert user_folder("XDG_CACHE_HOME", ".cache", {"XDG_CACHE_HOME": "here"}) == Path.home() / ".cache"
    assert user_folder("XDG_CACHE_HOME", ".cache", {"XDG_CACHE_HOME": "/there"}) == Path("/there")


@pytest.mark.parametrize("home", ["", "here", "./here"])
def test_a_home_that_is_no_whole_path_counts_as_none(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    own = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert user_folder("XDG_CACHE_HOME", ".cache", {}) == own / ".cache"
    assert expanded("~/models") == own / "models"
    monkeypatch.setattr("pwd.getpwuid", lambda _: (_ for _ in ()).throw(KeyError("no such user")))
    assert user_folder("XDG_CACHE_HOME", ".cache", {}) == Path("/nonexistent/.cache")
    with pytest.raises(ConfigError, match="there is no such home folder"):
        expanded("~/models")
    assert expanded("models") == Path("models")
    assert expanded("") == Path()
    with pytest.raises(ConfigError, match="there is no such home folder"):
        expanded("~nobody-of-this-name/models")
