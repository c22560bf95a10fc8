"""Tokens and the gate that asks for them: pure logic and files, with clocks of the test's own."""

from __future__ import annotations

import asyncio
import json
import logging
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translate.errors import Busy, NotAllowedError, StateError
from translate.server.access.gate import Role
from translate.server.access.links import Links
from translate.server.access.token_gate import INVITE_S, PlainGate, TokenGate
from translate.server.access.tokens import KEPT_S, MOST, Tokens

LINKS = Links(lambda: "192.168.1.5", 8766)
DAY_S = 86_400
ALLOWED = {
    "listener": {"listener"},
    "speaker": {"speaker", "listener"},
    "operator": {"operator", "speaker", "listener"},
}


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> Tokens:
    return Tokens(tmp_path / "lan", clock_s=clock)


@pytest.fixture
def gate(tokens: Tokens, clock: Clock) -> TokenGate:
    return TokenGate(tokens, LINKS, clock_s=clock, time_s=clock)


def admit(gate: Any, token: str | None, role: Role = "listener", room: str = "main", peer: str = "10.0.0.9") -> Any:
    return gate.admit(token, role=role, room=room, peer=peer)


@pytest.mark.parametrize("given", ALLOWED)
@pytest.mark.parametrize("wanted", ALLOWED)
def test_a_token_is_good_for_its_role_and_lesser_ones(tokens: Tokens, gate: TokenGate, given, wanted) -> None:
    secret = tokens.secret(tokens.create(given, "main", 60))
    if wanted in ALLOWED[given]:
        assert admit(gate, secret, wanted).role == wanted
    else:
        with pytest.raises(NotAllowedError, match="this invitation is for") as refused:
            admit(gate, secret, wanted)
        assert refused.value.close_code == 4401
        assert not refused.value.retryable


@pytest.mark.parametrize(
    ("of", "room", "is_good"),
    [
        ("main", "main", True),
        ("main", "main.a", True),
        ("main", "mainz", False),
        ("main", "other", False),
        ("main.a", "main", False),
        (None, "anything", True),
    ],
)
def test_a_token_is_good_for_its_room_and_the_parts_of_it(tokens: Tokens, gate, of, room, is_good) -> None:
    secret = tokens.secret(tokens.create("listener", of, 60))
    if is_good:
        assert admit(gate, secret, room=room).room == (None if of is None else room)
    else:
        with pytest.raises(NotAllowedError, match="another room"):
            admit(gate, secret, room=room)


def test_without_a_token_nobody_comes_in(gate: TokenGate) -> None:
    with pytest.raises(NotAllowedError, match="a token is needed here"):
        admit(gate, None)


def test_an_expired_token_is_refused_and_its_connection_is_over(tokens: Tokens, gate: TokenGate, clock: Clock) -> None:
    grant = admit(gate, tokens.secret(tokens.create("listener", "main", 60)))
    assert grant.expires_s == clock.now_s + 60
    clock.now_s += 59
    assert not gate.is_revoked(grant)
    clock.now_s += 1
    assert gate.is_revoked(grant)
    with pytest.raises(NotAllowedError, match="has expired"):
        admit(gate, tokens.secret(tokens.get(grant.token_id)))


def test_a_revoked_token_stays_so_after_a_restart(tokens: Tokens, gate, clock: Clock, tmp_path: Path) -> None:
    secret = tokens.secret(tokens.create("speaker", None, None))
    grant = admit(gate, secret, "speaker")
    assert gate.revoke(grant.token_id)
    assert not gate.revoke(grant.token_id), "once"
    assert not gate.revoke("aaaaaaaa"), "unknown"
    assert gate.is_revoked(grant)
    again = TokenGate(Tokens(tmp_path / "lan", clock_s=clock), LINKS, clock_s=clock, time_s=clock)
    for one in (gate, again):
        with pytest.raises(NotAllowedError, match="withdrawn"):
            admit(one, secret)


def test_the_operator_of_one_room_revokes_tokens_of_that_room_only(tokens: Tokens, gate: TokenGate) -> None:
    own, other, everywhere = (tokens.create("listener", room, 60) for room in ("hall", "court", None))
    assert not gate.revoke(other.id, room="hall")
    assert not gate.revoke(everywhere.id, room="hall")
    assert not gate.revoke("aaaaaaaa", room="hall")
    assert gate.revoke(own.id, room="hall")
    assert admit(gate, tokens.secret(other), room="court").room == "court"


def test_another_process_revokes_and_creates(tokens: Tokens, gate: TokenGate, clock: Clock, tmp_path: Path) -> None:
    other = Tokens(tmp_path / "lan", clock_s=clock)
    made = other.create("listener", "main", 60)
    asyncio.run(gate.refresh())
    grant = admit(gate, other.secret(made))
    other.revoke(made.id)
    clock.now_s += 1
    asyncio.run(gate.refresh())
    assert gate.is_revoked(grant)
    with pytest.raises(NotAllowedError):
        admit(gate, other.secret(made))


def test_nothing_but_the_token_itself_is_accepted(tokens: Tokens, gate: TokenGate) -> None:
    made = tokens.create("listener", "main", 60)
    name, _, mac = tokens.secret(made).partition(".")
    other = tokens.secret(tokens.create("listener", "main", 60)).partition(".")[2]
    forged = [name, f"{name}.", f"{name}.{other}", f"{name}.{mac[:-1]}", f"{name}.{mac}=", f" {name}.{mac}",
              f"{name}.{mac}\n", f"{name.upper()}.{mac}", f"aaaaaaaa.{mac}", "", "." * 40, "x" * 100_000]  # fmt: skip
    forged += [f"{name}.{mac[:place]}{'A' if mac[place] != 'A' else 'B'}{mac[place + 1 :]}" for place in range(21)]
    assert [text for text in forged if tokens.find(text) is not None] == []
    assert tokens.find(f"{name}.{mac}") == made


def test_a_record_that_was_changed_on_disk_makes_another_token(tokens: Tokens, clock: Clock, tmp_path: Path) -> None:
    """Who can write the records, and not read the key, gains nothing."""
    made = tokens.create("listener", "main", 60)
    secret = tokens.secret(made)
    path = tmp_path / "lan" / "tokens.json"
    for change in ({"role": "operator"}, {"room": None}, {"expires_s": None}):
        content = json.loads(path.read_text())
        content["tokens"][0] |= change
        path.write_text(json.dumps(content))
        tokens.refresh()
        assert tokens.get(made.id) != made
        assert tokens.find(secret) is None


@given(st.text(max_size=60) | st.text(string.ascii_lowercase + "234567.-_", min_size=31, max_size=31))
def test_parsing_survives_anything(tmp_path_factory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzzed" / "lan"
    tokens = Tokens(folder)
    if not list(tokens):
        tokens.create("operator", None, None)
    assert tokens.find(text) is None


@settings(max_examples=25)
@given(st.sampled_from(sorted(ALLOWED)), st.none() | st.text(max_size=20), st.none() | st.floats(1, 1e9))
def test_every_token_made_is_known_again_from_the_files_alone(tmp_path_factory, role, room, valid_s) -> None:
    folder = tmp_path_factory.mktemp("tokens") / "lan"
    tokens = Tokens(folder)
    made = tokens.create(role, room, valid_s, "label")
    again = Tokens(folder)
    assert again.find(tokens.secret(made)) == made
    assert [*again] == [made]


def test_failed_tries_are_answered_ever_less_and_a_good_token_always(tokens: Tokens, clock: Clock) -> None:
    gate = TokenGate(tokens, LINKS, failures_per_min=5, clock_s=clock, time_s=clock)
    good = tokens.secret(tokens.create("listener", "main", None))
    for _ in range(5):
        with pytest.raises(NotAllowedError):
            admit(gate, "aaaaaaaa." + "A" * 22)
    for _ in range(100):
        with pytest.raises(Busy, match="try again in 12 s") as refused:
            admit(gate, "aaaaaaaa." + "A" * 22)
    assert (refused.value.close_code, refused.value.retryable) == (1013, True)
    assert admit(gate, good), "others behind the same address come in"
    with pytest.raises(NotAllowedError):
        admit(gate, None, peer="10.0.0.10")
    clock.now_s += 12
    with pytest.raises(NotAllowedError):
        admit(gate, None)
    with pytest.raises(Busy):
        admit(gate, None)


def test_an_invitation_is_the_same_after_a_restart_and_in_time_another(
    tokens: Tokens, gate: TokenGate, clock: Clock, tmp_path: Path
) -> None:
    first = gate.invite("listener", "main")
    assert first.url == f"https://192.168.1.5:8766/listen#t={tokens.secret(tokens.get(first.token_id))}"
    assert first.qr.startswith("data:image/svg+xml")
    again = TokenGate(Tokens(tmp_path / "lan", clock_s=clock), LINKS, clock_s=clock, time_s=clock)
    assert again.invite("listener", "main") == first
    assert again.invite("listener", "hall").url.startswith("https://192.168.1.5:8766/listen?room=hall#t=")
    assert again.invite("listener", "main", valid_s=60).token_id != first.token_id
    clock.now_s += INVITE_S / 2 + 1
    second = again.invite("listener", "main")
    assert second.token_id != first.token_id, "nobody is given a link that ends soon"
    assert admit(gate, first.url.partition("#t=")[2]), "while the old one is still good"
    gate.revoke(second.token_id)
    assert gate.invite("listener", "main").token_id != second.token_id


def test_where_other_devices_cannot_come_nobody_is_invited(tokens: Tokens, clock: Clock) -> None:
    plain = TokenGate(tokens, Links(lambda: "10.0.0.1", None, 8765), clock_s=clock, time_s=clock)
    assert plain.invite("speaker", "main") is None
    assert plain.invite("listener", "main").url.startswith("http://10.0.0.1:8765/listen#t=")
    assert next(iter(tokens)).role == "listener", "no token is made in vain"


@pytest.mark.parametrize("role", ["speaker", "operator"])
def test_over_plain_http_from_elsewhere_only_listeners_come(tokens: Tokens, gate: TokenGate, role) -> None:
    plain = PlainGate(gate, lambda: LINKS.secure)
    secret = tokens.secret(tokens.create(role, None, None))
    with pytest.raises(NotAllowedError, match=r"needs the secure address https://192\.168\.1\.5:8766/"):
        admit(plain, secret, role)
    assert admit(plain, secret).role == "listener"
    assert plain.invite("listener", "main") is None
    assert not plain.revoke(tokens.find(secret).id)


def test_no_secret_is_kept_shown_or_logged(tokens: Tokens, gate: TokenGate, tmp_path: Path, caplog) -> None:
    caplog.set_level(logging.DEBUG, logger="translate")
    invite = gate.invite("listener", "main")
    secret = invite.url.partition("#t=")[2]
    with pytest.raises(NotAllowedError):
        admit(gate, secret, "operator")
    with pytest.raises(NotAllowedError) as refused:
        admit(gate, secret[:-1] + "~")
    mac = secret.partition(".")[2]
    said = caplog.text + str(refused.value) + repr(invite) + (tmp_path / "lan" / "tokens.json").read_text()
    assert "refused as operator from 10.0.0.9" in caplog.text
    assert mac not in said
    assert mac[:10] not in said


def test_a_folder_that_cannot_be_written_serves_what_is_in_it(tokens: Tokens, tmp_path: Path, clock: Clock) -> None:
    made = tokens.standing("listener", "main", 60, "paper")
    (tmp_path / "lan" / "tokens.lock").unlink()
    (tmp_path / "lan" / "tokens.lock").mkdir()  # what root, too, cannot open
    again = Tokens(tmp_path / "lan", clock_s=clock)
    assert again.standing("listener", "main", 60, "paper") == made
    with pytest.raises(StateError, match="cannot write in"):
        again.create("listener", "main", 60)


def test_what_root_makes_belongs_to_who_runs_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when an administrator makes a link for a service with a user of its own."""
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(
        "os.fchown", lambda number, *owner: given.update({Path(f"/proc/self/fd/{number}").readlink().name: owner})
    )
    tokens = Tokens(tmp_path / "lan")
    tokens.create("listener", "main", 60)
    owner = (tmp_path / "lan").stat()
    assert set(given.values()) == {(owner.st_uid, owner.st_gid)}
    names = {name.strip(".").rpartition(".")[0] or name for name in given}
    assert {"token.key", "tokens.json"} <= names
    assert "tokens.lock" in given


def test_files_are_private_and_must_be(tokens: Tokens, tmp_path: Path) -> None:
    tokens.create("listener", "main", 60)
    folder = tmp_path / "lan"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()} == {
        "token.key": 0o600, "tokens.json": 0o600, "tokens.lock": 0o600,
    }  # fmt: skip
    (folder / "token.key").chmod(0o644)
    with pytest.raises(StateError, match="may be read by others") as refused:
        Tokens(folder)
    assert refused.value.exit_status == 2


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"tokens": [{}]}', '{"tokens": [1]}', "[" * 10_000, "\0"])
def test_damaged_records_are_named(tokens: Tokens, tmp_path: Path, content: str) -> None:
    path = tmp_path / "lan" / "tokens.json"
    made = tokens.create("listener", "main", None)
    path.write_text(content)
    with pytest.raises(StateError, match=r"tokens\.json is damaged"):
        Tokens(tmp_path / "lan")
    gate = TokenGate(tokens, LINKS)
    asyncio.run(gate.refresh())
    assert admit(gate, tokens.secret(made)), "a running service goes on with what it knew"


@pytest.mark.parametrize("field", [("role", "king"), ("id", "../../x"), ("expires_s", "never"), ("label", 1)])
def test_records_are_checked(tokens: Tokens, tmp_path: Path, field: tuple[str, Any]) -> None:
    tokens.create("listener", "main", None)
    path = tmp_path / "lan" / "tokens.json"
    content = json.loads(path.read_text())
    content["tokens"][0][field[0]] = field[1]
    path.write_text(json.dumps(content))
    with pytest.raises(StateError):
        Tokens(tmp_path / "lan")


def test_records_do_not_grow(tokens: Tokens, clock: Clock, tmp_path: Path) -> None:
    tokens.create("listener", "main", 60)
    path = tmp_path / "lan" / "tokens.json"
    entry = json.loads(path.read_text())["tokens"][0]
    ids = [f"{number:08}".translate(str.maketrans("0123456789", "abcdefghij")) for number in range(MOST)]
    path.write_text(json.dumps({"tokens": [entry | {"id": name} for name in ids]}))
    with pytest.raises(StateError, match="there are 2000 tokens already"):
        tokens.create("listener", "main", 60)
    clock.now_s += 60 + KEPT_S + 1
    made = tokens.create("listener", "main", 60)
    assert [*tokens] == [made], "what expired long ago is forgotten"
