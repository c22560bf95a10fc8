"""Tokens: who may listen, speak or operate, in which room, until when.

A token is ``ID.MAC``: a record's random name and 128 bits of HMAC-SHA256 over the record, under a key that lies in a
file of its own. The records are kept, so that all can be listed and any be revoked for good; the secrets are not, and
yet can be made again from record and key, so that a QR code is the same after a restart. Nothing that a client sends is
believed but the name of a record.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, get_args

from filelock import FileLock, Timeout

from translate.errors import StateError
from translate.protocol.roles import LISTENER, Role
from translate.state import give_to_owner, private_folder, read_private, write_private

__all__ = ["Token", "Tokens"]

MOST: Final = 2000
"""Records that are kept; one more needs another to be revoked or to expire."""
KEPT_S: Final = 30 * 86_400
"""So long an expired or revoked record is kept, to be listed and to say what became of it."""
_FORM: Final = re.compile(r"[a-z2-7]{8}\.[A-Za-z0-9_-]{22}", re.ASCII)
_ID: Final = re.compile(r"[a-z2-7]{8}", re.ASCII)
_LOCK_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token; holds no secret."""

    id: str
    role: Role
    room: str | None
    """The room, and those whose name begins with its name and a dot; ``None``: all."""
    created_s: float
    expires_s: float | None
    """Unix time; ``None``: never."""
    label: str = ""
    """What it was made for."""
    revoked_s: float | None = None

    def state(self, now_s: float) -> str:
        """``good``, ``expired`` or ``revoked``."""
        if self.revoked_s is not None:
            return "revoked"
        return "expired" if self.expires_s is not None and now_s >= self.expires_s else "good"

    def covers(self, room: str) -> bool:
        """Whether it is good for ``room``."""
        return self.room is None or room == self.room or room.startswith(f"{self.room}.")


class Tokens:
    """The records in a folder. Several processes may use it: each sees what another has changed.

    What reads or writes files may block: :meth:`refresh` for the disk, :meth:`create`, :meth:`standing` and
    :meth:`revoke` for up to five seconds until another process releases the lock. These are for a thread, and several
    threads may call them; the other methods look at memory only.

    Args:
        folder: private.
        clock_s: Unix time.

    Raises:
        StateError: the folder cannot be used, or a file in it is damaged or not private.
    """

    def __init__(self, folder: Path, *, clock_s: Callable[[], float] = time.time) -> None:
        self._folder = private_folder(folder)
        self._path = folder / "tokens.json"
        self._clock_s = clock_s
        self._stamp: tuple[int, int, int] | None = None
        self._records: dict[str, Token] = {}  # replaced, never changed: other threads may be reading it
        self._reading = threading.Lock()
        self._key = self._load_key() or self._make_key()
        self.refresh()

    def __iter__(self) -> Iterator[Token]:
        """Oldest first."""
        return iter(sorted(self._records.values(), key=lambda token: (token.created_s, token.id)))

    def refresh(self) -> None:
        """Reads the file again if it has changed. Raises ``StateError`` as the class does."""
        with self._reading:  # else a slower thread could put older records in place of newer ones
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._records = self._read()
                self._stamp = stamp

    def get(self, token_id: str | None) -> Token | None:
        """The record, as it was at the last refresh."""
        return self._records.get(token_id) if token_id is not None else None

    def find(self, text: str) -> Token | None:
        """The record of a token as a client sent it, whatever its state; ``None``: it is none of ours."""
        if len(text) > 64 or not _FORM.fullmatch(text):
            return None
        record = self._records.get(text[:8])
        known = record or Token(text[:8], LISTENER, None, 0, None)  # the same work whether the name is known or not
        matches = hmac.compare_digest(self.secret(known).encode(), text.encode())
        return record if matches else None

    def secret(self, token: Token) -> str:
        """The token itself, for a link."""
        said = json.dumps([token.id, token.role, token.room, token.created_s, token.expires_s]).encode()
        mac = hmac.new(self._key, b"sottovoce token 1\0" + said, hashlib.sha256).digest()[:16]
        return f"{token.id}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    def create(self, role: Role, room: str | None, valid_s: float | None, label: str = "") -> Token:
        """Makes a token.

        Args:
            role: what for.
            room: where; ``None``: everywhere.
            valid_s: seconds from now; ``None``: for ever.
            label: for the list.

        Raises:
            StateError: too many, or the file cannot be written.
        """
        now_s = self._clock_s()
        name = base64.b32encode(secrets.token_bytes(5)).decode().lower()
        made = Token(name, role, room, now_s, None if valid_s is None else now_s + valid_s, label)
        with self._locked():
            self.refresh()
            kept = {token.id: token for token in self if not self._is_old(token, now_s)}
            if len(kept) >= MOST:
                raise StateError(f"there are {len(kept)} tokens already; revoke some (sottovoce token revoke)")
            self._write({**kept, made.id: made})
        return made

    def standing(self, role: Role, room: str | None, valid_s: float | None, label: str) -> Token:
        """The token of this role, room and label that still has half of ``valid_s`` before it, or a new one."""
        self.refresh()
        now_s = self._clock_s()
        for token in self:
            same = (token.role, token.room, token.label) == (role, room, label) and token.state(now_s) == "good"
            if same and _is_like(token.expires_s, now_s, valid_s):
                return token
        return self.create(role, room, valid_s, label)

    def revoke(self, token_id: str) -> bool:
        """Makes a token worthless for good; whether there was one that was not yet. Raises ``StateError``."""
        with self._locked():
            self.refresh()
            token = self._records.get(token_id)
            if token is None or token.revoked_s is not None:
                return False
            self._write({**self._records, token_id: replace(token, revoked_s=self._clock_s())})
        return True

    @staticmethod
    def _is_old(token: Token, now_s: float) -> bool:
        ends = [at for at in (token.revoked_s, token.expires_s) if at is not None]
        return bool(ends) and now_s > min(ends) + KEPT_S

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes that use the folder."""
        path = self._folder / "tokens.lock"
        try:
            with FileLock(path, timeout=_LOCK_S, mode=0o600):
                with path.open("rb") as file:
                    give_to_owner(self._folder, file.fileno())
                yield
        except Timeout as error:
            raise StateError(f"another process has held {path} for {_LOCK_S:.0f} s") from error
        except OSError as error:
            raise StateError(f"cannot write in {self._folder}: {(error.strerror or str(error)).lower()}") from error

    def _make_key(self) -> bytes:
        with self._locked():
            if (found := self._load_key()) is not None:  # another process was quicker
                return found
            made = secrets.token_bytes(32)
            write_private(self._folder / "token.key", made.hex().encode())
            return made

    def _load_key(self) -> bytes | None:
        path = self._folder / "token.key"
        text = read_private(path)
        if text is None:
            return None
        try:
            key = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            key = b""
        if len(key) != 32:
            raise StateError(f"{path} is damaged; remove it (all links and QR codes given out become worthless)")
        return key

    def _stamp_now(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateError(f"cannot read {self._path}: {error.strerror}") from error
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _read(self) -> dict[str, Token]:
        content = read_private(self._path)
        if content is None:
            return {}
        try:
            entries = json.loads(content)["tokens"]
            return {entry["id"]: _checked(entry) for entry in entries}
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise StateError(f"{self._path} is damaged; remove it (all links and QR codes become worthless)") from error

    def _write(self, records: dict[str, Token]) -> None:
        entries = [asdict(token) for token in records.values()]
        write_private(self._path, json.dumps({"tokens": entries}, indent=1).encode())
        self.refresh()


def _is_like(expires_s: float | None, now_s: float, valid_s: float | None) -> bool:
    """Whether an expiry will do for who asks for ``valid_s`` from now."""
    if expires_s is None or valid_s is None:
        return expires_s is valid_s
    return now_s + valid_s / 2 < expires_s <= now_s + valid_s


def _checked(entry: dict[str, Any]) -> Token:
    """The record of a JSON object. Raises ``ValueError`` or ``TypeError``."""
    token = Token(**{field.name: entry[field.name] for field in fields(Token)})
    times = (token.expires_s, token.revoked_s)
    if not _ID.fullmatch(token.id) or token.role not in get_args(Role) or not isinstance(token.label, str):
        raise ValueError
    if not isinstance(token.created_s, (int, float)) or not isinstance(token.room, (str, type(None))):
        raise TypeError
    if not all(at is None or isinstance(at, (int, float)) for at in times):
        raise TypeError
    return token
