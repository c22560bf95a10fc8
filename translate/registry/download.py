"""Downloads that go on where they stopped, and what went wrong with them in one line.

The only code of Sottovoce that uses the network for models. No account and no token is used.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

from translate.errors import MissingModel, ModelDamaged
from translate.registry.hashing import Progress

__all__ = ["Server"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Server:
    """Whom a model is asked of, as the messages call it."""

    asked_for: str
    """What cannot be had if something goes wrong."""
    name: str
    model: str

    def ask(self, question: Callable[[], _T]) -> _T:
        """What ``question``, which asks over the network, returns.

        Raises:
            MissingModel: there is no answer, or it is a refusal; the message says what else can be done.
        """
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        # The library tells of every try again; what the user needs to know is how it ended.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        elsewhere = (
            f"try again, or bring its files from another machine: sottovoce models pull {self.model} --from FOLDER"
        )
        what = self.asked_for
        try:
            return question()
        except OfflineModeIsEnabled as error:
            raise MissingModel(f"cannot get {what}: HF_HUB_OFFLINE is set; unset it to pull") from error
        except HfHubHTTPError as error:
            reason = f"{self.name} answers {error.response.status_code}"
            raise MissingModel(f"cannot get {what}: {reason}; {elsewhere}") from error
        except ImportError as error:  # httpx2 has no SOCKS of its own
            if "SOCKS" not in str(error):
                raise
            reason = f"its proxy cannot be used: {error}"
            raise MissingModel(f"cannot get {what} ({reason}); {elsewhere}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None and not isinstance(error, ConnectionError):
                raise  # of the disk, not of the network
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise MissingModel(f"cannot get {what} from {self.name} ({reason}); {elsewhere}") from error

    def download(
        self, url: str, target: Path, size_bytes: int, progress: Progress, headers: Mapping[str, str] | None = None
    ) -> None:
        """Ask for the bytes that are not in ``target`` yet; drops of the connection are met by asking again.

        Args:
            url: of the file; it may be shown, so there must be no secret in it.
            target: where it goes.
            size_bytes: how large it is.
            progress: called with the bytes that came.
            headers: to be sent beside the usual ones; ``Authorization`` goes to the host of ``url`` only.

        Raises:
            MissingModel: as :meth:`ask`.
            ModelDamaged: the server's file has another size; nothing beyond ``size_bytes`` is written.
        """
        # Not hf_hub_download: it keeps what it has only while the process lives and would start a 3 GB file over.
        from huggingface_hub.file_download import http_get

        have = target.stat().st_size if target.exists() else 0
        if have > size_bytes:
            target.unlink()
            have = 0
        progress(have)

        def question() -> None:
            with target.open("ab") as out:
                http_get(
                    url,
                    _Bounded(out, size_bytes, target.name, self.model),  # type: ignore[arg-type]
                    resume_size=have,
                    expected_size=size_bytes,
                    headers={"User-Agent": "sottovoce", "Accept-Encoding": "identity", **(headers or {})},
                    tqdm_class=_bar(progress),
                )

        try:
            self.ask(question)
        except MissingModel as error:
            if type(error.__cause__) is OSError:  # what the library raises for a file that ends too soon
                raise ModelDamaged(_of_another_size(target.name, self.model, size_bytes, "shorter")) from error
            if target.stat().st_size == 0:
                target.unlink()
            raise


class _Bounded:
    """A file that takes no more than a number of bytes, whatever a server sends."""

    def __init__(self, file: IO[bytes], size_bytes: int, name: str, model: str) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self._name = name
        self._model = model
        self.seek, self.tell, self.truncate, self.flush = file.seek, file.tell, file.truncate, file.flush

    def write(self, data: bytes) -> int:
        if self._file.tell() + len(data) > self._size_bytes:
            raise ModelDamaged(_of_another_size(self._name, self._model, self._size_bytes, "longer"))
        return self._file.write(data)


def _of_another_size(name: str, model: str, size_bytes: int, how: str) -> str:
    return (
        f"{name} of {model} is {how} than the {size_bytes} bytes that are recorded; "
        "nothing of it was kept; try again, and report it if it happens twice"
    )


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
