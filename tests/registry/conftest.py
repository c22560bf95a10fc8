"""A small registry of fake models: packages on ``sys.path``, a catalog, students, and an empty cache."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sentencepiece

import translate
from tests.translation.conftest import write_dictionary_model
from tests.translation.marian_model import items_of, options, pack, weights, write_shortlist
from translate import resources
from translate.registry import Registry, Store, default_catalog
from translate.registry.catalog import catalog_in

REPOSITORY = Path(translate.__file__).parent.parent


def model_bin(spec: str, payload: bytes = b"weights") -> bytes:
    """What the beginning of a CTranslate2 file looks like, and then something."""
    name = spec.encode() + b"\0"
    return struct.pack("<IH", 6, len(name)) + name + struct.pack("<I", 3) + payload


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class House:
    """Where everything of one test lies."""

    root: Path
    whisper: bytes = field(default_factory=lambda: model_bin("WhisperSpec", os.urandom(300_000)))
    """``model.bin`` of the model that comes in two parts."""

    @property
    def site(self) -> Path:
        return self.root / "site"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def registry(self) -> Registry:
        return Registry(catalog_in(self.models), self.models / "students", Store(self.cache))

    def write(self, path: str, data: bytes) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def student(self, name: str, source: str, target: str, data: bytes | None = None) -> Path:
        weights = model_bin("TransformerSpec", name.encode())
        folder = self.write(f"models/students/{name}/model.bin", data or weights).parent
        text = f'source = "{source}"\ntarget = "{target}"\nlicence = "Apache-2.0"\n'
        text += f'[sha256]\n"model.bin" = "{sha256(weights)}"\n'
        (folder / "student.toml").write_text(text)
        return folder

    def python(self, code: str, *arguments: str, **options: object) -> subprocess.Popen[str]:
        """A process of its own in which ``registry`` is this one."""
        prelude = (
            "import sys; from pathlib import Path; from translate.errors import SottovoceError\n"
            "from translate.registry import Registry, Store, load_catalog\n"
            f"root = Path({str(self.root)!r})\n"
            "registry = Registry(load_catalog(root / 'models/catalog.toml'), root / 'models/students',"
            " Store(root / 'cache'))\n"
        )
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(self.site)])}
        return subprocess.Popen(
            [sys.executable, "-c", prelude + code, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,  # type: ignore[call-overload]
        )


CATALOG = """
schema = 1

[[model]]
name = "parted"
kind = "whisper"
languages = "whisper"
licence = "MIT"
packages = {{ fake_weights_1 = "fake-weights-1", fake_weights_2 = "fake-weights-2" }}
files = [
    {{ name = "model.bin", size_bytes = {size}, sha256 = "{whole}", parts = [
        {{ path = "fake_weights_1/data/model.bin.part1", size_bytes = 100000, sha256 = "{first}" }},
        {{ path = "fake_weights_2/data/model.bin.part2", size_bytes = {rest}, sha256 = "{second}" }},
    ] }},
    {{ name = "config.json", size_bytes = 2, sha256 = "{config}", parts = [
        {{ path = "fake_weights_2/data/config.json" }},
    ] }},
]

[[model]]
name = "plain"
kind = "whisper"
languages = ["en"]
licence = "MIT"
packages = {{ fake_plain = "fake-plain" }}
files = [
    {{ name = "model.bin", size_bytes = {plain_size}, sha256 = "{plain}", parts = [
        {{ path = "fake_plain/model/model.bin" }},
    ] }},
]

[[model]]
name = "remote"
kind = "translation"
pairs = [["en", "es"]]
licence = "Apache-2.0"
hub = {{ repo = "somebody/remote", revision = "{revision}" }}
files = [
    {{ name = "model.bin", size_bytes = {remote_size}, sha256 = "{remote}" }},
    {{ name = "source.spm", size_bytes = 3, sha256 = "{spm}" }},
]

[[model]]
name = "unpinned"
kind = "translation"
languages = ["en", "es", "de"]
licence = "CC-BY-NC-4.0"
commercial_use = false
hub = {{ repo = "somebody/unpinned" }}
files = [{{ name = "model.bin" }}, {{ name = "sentencepiece.bpe.model" }}]
"""

REVISION = "a" * 40
PLAIN = model_bin("WhisperSpec", b"plain")
REMOTE = model_bin("TransformerSpec", bytes(range(256)) * 4000)


@pytest.fixture
def remote_files() -> dict[str, bytes]:
    """The files of the model that is not on this machine."""
    return {"model.bin": REMOTE, "source.spm": b"spm"}


@pytest.fixture(scope="session")
def spm() -> bytes:
    """A real SentencePiece file."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b", "b a"]), model_writer=model, model_type="char", vocab_size=10,
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    return model.getvalue()


@pytest.fixture
def translation_folder(tmp_path: Path, spm: bytes) -> Callable[..., Path]:
    """Writes a translation folder with real SentencePiece files and a vocabulary; its weights are none unless asked."""

    def write(path: str, sentencepiece_files: list[str], vocabulary: list[str], *, real: bool = False) -> Path:
        folder = tmp_path / path
        folder.mkdir(parents=True)
        for name in sentencepiece_files:
            (folder / name).write_bytes(spm)
        if real:
            write_dictionary_model(folder, ["<unk>", "<s>", "</s>", *vocabulary], {})
            return folder
        (folder / "model.bin").write_bytes(model_bin("TransformerSpec"))
        (folder / "shared_vocabulary.json").write_text(json.dumps(["<unk>", "<s>", "</s>", *vocabulary]))
        return folder

    return write


@pytest.fixture
def make_model_bin() -> Callable[..., bytes]:
    return model_bin


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The registry; it is also the one that ``default_registry()`` gives."""
    house = House(tmp_path)
    data = house.whisper
    house.write("site/fake_weights_1/__init__.py", b"raise RuntimeError('weights must not be imported')")
    house.write("site/fake_weights_2/__init__.py", b"raise RuntimeError('weights must not be imported')")
    house.write("site/fake_weights_1/data/model.bin.part1", data[:100_000])
    house.write("site/fake_weights_2/data/model.bin.part2", data[100_000:])
    house.write("site/fake_weights_2/data/config.json", b"{}")
    house.write("site/fake_plain/__init__.py", b"raise RuntimeError('weights must not be imported')")
    house.write("site/fake_plain/model/model.bin", PLAIN)
    text = CATALOG.format(
        size=len(data), whole=sha256(data), first=sha256(data[:100_000]), second=sha256(data[100_000:]),
        rest=len(data) - 100_000, config=sha256(b"{}"), plain=sha256(PLAIN), plain_size=len(PLAIN), revision=REVISION,
        remote=sha256(REMOTE), remote_size=len(REMOTE), spm=sha256(b"spm"),
    )  # fmt: skip
    house.write("models/catalog.toml", text.encode())
    shutil.copy(resources.models_folder() / "phrases.tsv", house.models)
    monkeypatch.syspath_prepend(str(house.site))
    monkeypatch.setattr(resources, "models_folder", lambda: house.models)
    monkeypatch.setenv("SOTTOVOCE_CACHE", str(house.cache))
    default_catalog.cache_clear()
    yield house
    default_catalog.cache_clear()


COMMIT = "c" * 40


def marian_size(spm: bytes) -> int:
    return int(sentencepiece.SentencePieceProcessor(model_proto=spm).get_piece_size())


@functools.cache
def marian(pair: str, spm: bytes) -> bytes:
    """A model of Marian that can be loaded, of about 300 kB that hardly pack; another one for every pair."""
    size = marian_size(spm)
    sizes = {"width": 128, "size": size, "encoder_layers": 1, "decoder_layers": 1}
    return pack(items_of(weights(zlib.crc32(pair.encode()), hidden=256, **sizes), options(**sizes)))


@dataclass
class Firefox:
    """A small list of Firefox's models, and a server that has their files and may misbehave."""

    house: House
    spm: bytes
    entries: list[dict[str, object]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """By path of the address."""
    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path, and the range that was asked for."""
    headers: dict[str, str] = field(default_factory=dict)
    """All that were sent."""
    cut_after: int | None = None
    """Close the connection after so many bytes of a body, once."""
    ranges: bool = True
    status: int | None = None
    elsewhere: str | None = None
    """Refer whoever asks to this server."""

    def parts(self, source: str, target: str) -> dict[str, bytes]:
        """The files of a model, those of which no hash is stated last."""
        pair = f"{source}{target}"
        return {
            f"model.{pair}.intgemm.alphas.bin": marian(pair, self.spm),
            f"lex.50.50.{pair}.s2t.bin": self._shortlist(),
            f"vocab.{pair}.spm": self.spm,
        }

    def _shortlist(self) -> bytes:
        path = self.house.root / "shortlist"
        write_shortlist(path, {3: [3, 4], 4: [4, 5], 5: [3]}, marian_size(self.spm))
        return path.read_bytes()

    def offer(self, source: str, target: str, dev: float | None, *, suffix: str = "", **more: object) -> str:
        """Put a model as the repository has them into list and server; returns its name."""
        name, folder = f"firefox-{source}-{target}{suffix}", f"models/tiny{suffix}/{source}{target}"
        rows: list[list[object]] = []
        for file, data in self.parts(source, target).items():
            packed = gzip.compress(data, 1)
            stated = [len(data), sha256(data)] if file.startswith("model.") else [None, None]
            rows.append([file, *stated, len(packed), sha256(packed)])
            self.files[f"{MEDIA}/{folder}/{file}.gz"] = packed
        entry = {
            "name": name,
            "pair": [source, target],
            "architecture": "tiny",
            "folder": folder,
            "files": rows,
            **more,
        }
        self.entries.append(entry | ({} if dev is None else {"dev": dev}))
        self.write()
        return name

    def attach(self, source: str, target: str) -> str:
        """Put a model as Firefox itself gets them into list and server; returns its name."""
        rows: list[list[object]] = []
        for i, (file, data) in enumerate(self.parts(source, target).items()):
            rows.append([file, len(data), sha256(data), f"main-workspace/{source}{target}-{i}.bin"])
            self.files[f"/main-workspace/{source}{target}-{i}.bin"] = data
        name = f"firefox-{source}-{target}"
        self.entries.append({"name": name, "pair": [source, target], "architecture": "base-memory", "files": rows})
        self.write()
        return name

    def repack(self, address: str, data: bytes) -> None:
        """Another gzip file at ``address``; the list states its hash."""
        packed = gzip.compress(data, 9)
        rows = [row for entry in self.entries for row in entry["files"]]  # type: ignore[attr-defined]
        row = next(row for row in rows if address.endswith(f"/{row[0]}.gz"))
        row[3:] = [len(packed), sha256(packed)]
        self.files[address] = packed
        self.write()

    def of(self, name: str, kind: str) -> str:
        """The address of a file of a model, by what its name begins with."""
        pair = name.removeprefix("firefox-").replace("-", "")
        return next(address for address in self.files if f"/{kind}." in address and f".{pair}." in address)

    def write(self) -> None:
        """The list as a file."""
        raw = {"schema": 1, "commit": COMMIT, "records": 7, "models": self.entries}
        self.house.write("models/firefox.json", json.dumps(raw).encode())
        default_catalog.cache_clear()


MEDIA = f"/media/mozilla/firefox-translations-models/{COMMIT}"


class _Handler(BaseHTTPRequestHandler):
    firefox: Firefox
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        here, wanted = self.firefox, self.headers.get("Range")
        here.asked.append((self.path, wanted))
        here.headers |= {name.lower(): value for name, value in self.headers.items()}
        if here.elsewhere:
            self.send_response(302)
            self.send_header("Location", here.elsewhere + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = here.files.get(self.path)
        status = here.status or (404 if data is None else 200)
        body = data if data is not None and status == 200 else b""
        if wanted and here.ranges and status == 200:
            status, start = 206, int(wanted.removeprefix("bytes=").rstrip("-"))
            body = body[start:]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut, here.cut_after = here.cut_after, None
        self.wfile.write(body[:cut])
        self.close_connection = cut is not None


@pytest.fixture
def firefox(house: House, spm: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firefox]:
    """An empty list of Firefox's models, and the server that stands for Mozilla's."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    firefox = Firefox(house, spm)
    with serving(firefox):
        monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", firefox.url)
        yield firefox


@pytest.fixture
def other_host(firefox: Firefox) -> Iterator[Firefox]:
    """A second server, with the same files."""
    other = Firefox(firefox.house, firefox.spm, files=firefox.files)
    with serving(other):
        yield other


@contextlib.contextmanager
def serving(firefox: Firefox) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"firefox": firefox}))
    server.daemon_threads = True
    firefox.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
