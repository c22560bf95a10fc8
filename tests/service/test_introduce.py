"""A kiosk's microphone and screen get links; an administrator's commands are about the service of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from translate import state
from translate.registry import store
from translate.server.access.tokens import Tokens
from translate.service.introduce import introduce
from translate.service.units import Part, ServiceError

ALL: tuple[Part, ...] = ("server", "microphone", "display")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "lan"
    Tokens(folder)
    return folder


def test_each_gets_a_link_that_is_good_for_what_it_does(kept: Path, tmp_path: Path) -> None:
    settings = tmp_path / "etc"
    assert [path.name for path in introduce(ALL, kept, settings, 9000)] == ["microphone.env", "display.env"]
    tokens = Tokens(kept)
    for name, start, role in (
        ("microphone.env", "SOTTOVOCE_ROOM=http://127.0.0.1:9000/#t=", "speaker"),
        ("display.env", "PAGE=http://127.0.0.1:9000/kiosk#t=", "listener"),
    ):
        path = settings / name
        assert path.stat().st_mode & 0o777 == 0o600
        comment, line = path.read_text().splitlines()
        assert comment.startswith("#")
        assert line.startswith(start)
        found = tokens.find(line.removeprefix(start))
        assert found is not None
        assert (found.role, found.room, found.expires_s) == (role, "main", None)


def test_what_an_administrator_wrote_stays_and_tokens_do_not_pile_up(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "display.env").write_text("PAGE=http://elsewhere/")
    assert [path.name for path in introduce(ALL, kept, tmp_path, 8765)] == ["microphone.env"]
    assert (tmp_path / "display.env").read_text() == "PAGE=http://elsewhere/"
    assert list(introduce(ALL, kept, tmp_path, 8765)) == []
    (tmp_path / "microphone.env").unlink()
    assert len(list(introduce(ALL, kept, tmp_path, 8765))) == 1
    assert len(list(Tokens(kept))) == 1


def test_a_service_that_wants_no_tokens_has_none_made(tmp_path: Path) -> None:
    assert list(introduce(ALL, tmp_path / "lan", tmp_path / "etc", 8765)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(kept: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").touch()
    with pytest.raises(ServiceError, match=r"cannot write .*microphone\.env"):
        list(introduce(ALL, kept, tmp_path / "etc", 8765))


@pytest.mark.parametrize("user", [0, 1000])
def test_root_speaks_for_the_service_of_the_machine(user: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOTTOVOCE_STATE", "SOTTOVOCE_CACHE", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    service, own = tmp_path / "service", tmp_path / "home/.local/state/sottovoce"
    monkeypatch.setattr(state, "SYSTEM_STATE", service)
    monkeypatch.setattr(store, "_SYSTEM_CACHE", service)
    assert state.state_folder() == own, "none is installed"
    assert not state.is_for_another(service)
    service.mkdir()
    assert state.state_folder() == (service if user == 0 else own)
    assert store.cache_folder() == (service if user == 0 else tmp_path / "home/.cache/sottovoce")
    assert state.is_for_another(service) == (user != 0)
    monkeypatch.setenv("SOTTOVOCE_STATE", str(tmp_path / "mine"))
    assert state.state_folder() == tmp_path / "mine"
    assert not state.is_for_another(service)


def test_what_root_makes_in_the_services_folder_is_the_services(tmp_path: Path) -> None:
    owner = 4711 if os.geteuid() == 0 else os.geteuid()  # only root can give files away
    os.chown(tmp_path, owner, -1)
    Tokens(tmp_path / "lan").create("listener", "main", None)
    made = [tmp_path / "lan", *(tmp_path / "lan").iterdir()]
    assert {path.stat().st_uid for path in made} == {owner}
