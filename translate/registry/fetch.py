"""Where the files of a pull come from: the Hugging Face hub, or a folder that somebody brought.

:class:`HubFetcher` is the only code of Sottovoce that uses the network. No account and no token is used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from translate.errors import ConfigError, MissingModel
from translate.own_process import may_call_out
from translate.registry.catalog import FileSpec, HubSource
from translate.registry.hashing import BLOCK_BYTES, Progress

__all__ = ["Fetcher", "FolderFetcher", "HubFetcher"]

_T = TypeVar("_T")


class Fetcher(Protocol):
    """Where the files of a pull come from."""

    def start(self) -> str | None:
        """Find out the revision that will be fetched; ``None`` where there is none to tell."""
        ...

    def size_bytes(self, file: FileSpec) -> int:
        """The size of a file that the catalog does not know."""
        ...

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Bring the file to ``target``, going on where an earlier try stopped."""
        ...

    @property
    def source(self) -> str:
        """Where from, for a person."""
        ...


@dataclass(frozen=True, slots=True)
class FolderFetcher:
    """Files that somebody already brought (``--from FOLDER``): a snapshot of the hub's repository, a USB stick."""

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
        """The size of the file as it lies there."""
        return self._path(file).stat().st_size

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Copy the file."""
        with self._path(file).open("rb") as source, target.open("wb") as out:
            while block := source.read(BLOCK_BYTES):
                out.write(block)
                progress(len(block))

    def _path(self, file: FileSpec) -> Path:
        path = self.folder / file.name
        if not path.is_file():
            raise MissingModel(f"{self.folder} has no file {file.name}; the model needs it")
        return path


class HubFetcher:
    """Files from the Hugging Face hub, or from a server that speaks as it does (``endpoint``; ``$HF_ENDPOINT``)."""

    def __init__(self, hub: HubSource, name: str, *, endpoint: str | None = None) -> None:
        may_call_out()
        self._hub = hub
        self._name = name
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

            def ask() -> str | None:
                return HfApi(endpoint=self._endpoint, token=False).model_info(self._hub.repo).sha

            self._revision = self._asked(ask)
        return self._revision

    def size_bytes(self, file: FileSpec) -> int:
        """The size that the hub tells."""
        from huggingface_hub import get_hf_file_metadata

        def ask() -> int:
            size_bytes = get_hf_file_metadata(self._url(file), token=False, endpoint=self._endpoint).size
            if size_bytes is None:
                raise MissingModel(f"the hub does not tell the size of {file.name} of {self._hub.repo}; try again")
            return size_bytes

        return self._asked(ask)

    def fetch(self, file: FileSpec, target: Path, size_bytes: int, progress: Progress) -> None:
        """Ask for the bytes that are not there yet; drops of the connection are met by asking again."""
        # Not hf_hub_download: it keeps what it has only while the process lives and would start a 3 GB file over.
        from huggingface_hub.file_download import http_get

        have = target.stat().st_size if target.exists() else 0
        if have > size_bytes:
            target.unlink()
            have = 0
        progress(have)

        def ask() -> None:
            with target.open("ab") as out:
                http_get(
                    self._url(file),
                    out,
                    resume_size=have,
                    expected_size=size_bytes,
                    headers={"User-Agent": "sottovoce", "Accept-Encoding": "identity"},
                    tqdm_class=_bar(progress),
                )

        try:
            self._asked(ask)
        except MissingModel:
            if target.stat().st_size == 0:
                target.unlink()
            raise

    def _url(self, file: FileSpec) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(self._hub.repo, file.name, revision=self._revision, endpoint=self._endpoint)

    @property
    def _elsewhere(self) -> str:
        return f"try again, or bring its files from another machine: sottovoce models pull {self._name} --from FOLDER"

    def _asked(self, ask: Callable[[], _T]) -> _T:
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        # The library tells of every try again; what the user needs to know is how it ended.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        try:
            return ask()
        except OfflineModeIsEnabled as error:
            raise MissingModel(f"cannot get {self._hub.repo}: HF_HUB_OFFLINE is set; unset it to pull") from error
        except HfHubHTTPError as error:
            reason = f"the hub answers {error.response.status_code}"
            raise MissingModel(f"cannot get {self._hub.repo}: {reason}; {self._elsewhere}") from error
        except ImportError as error:  # httpx2 has no SOCKS of its own
            if "SOCKS" not in str(error):
                raise
            reason = f"its proxy cannot be used: {error}"
            raise MissingModel(f"cannot get {self._hub.repo} ({reason}); {self._elsewhere}") from error
        except (httpx2.HTTPError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
                raise  # of the disk, not of the network
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise MissingModel(f"cannot get {self._hub.repo} from the hub ({reason}); {self._elsewhere}") from error


def _bar(progress: Progress) -> Any:
    """What ``huggingface_hub`` takes for a tqdm class: only the numbers of bytes are of use here."""

    class Bar:
        def __init__(self, **_: object) -> None:
            pass

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def update(self, done: float | None = 1) -> None:
            progress(int(done or 0))

    return Bar
