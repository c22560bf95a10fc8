"""A small registry of fake models: packages on ``sys.path``, a catalog, students, and an empty cache."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sentencepiece

import translate
from translate import resources
from translate.registry import Registry, Store, default_catalog, load_catalog

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
        return Registry(load_catalog(self.models / "catalog.toml"), self.models / "students", Store(self.cache))

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


@pytest.fixture
def translation_folder(tmp_path: Path) -> Callable[[str, list[str], list[str]], Path]:
    """Writes a translation folder with real SentencePiece files and a vocabulary; its weights are no weights."""

    def write(path: str, sentencepiece_files: list[str], vocabulary: list[str]) -> Path:
        folder = tmp_path / path
        folder.mkdir(parents=True)
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(["a b", "b a"]), model_writer=model, model_type="char", vocab_size=10,
            hard_vocab_limit=False, minloglevel=2,
        )  # fmt: skip
        for name in sentencepiece_files:
            (folder / name).write_bytes(model.getvalue())
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
    monkeypatch.syspath_prepend(str(house.site))
    monkeypatch.setattr(resources, "models_folder", lambda: house.models)
    monkeypatch.setenv("SOTTOVOCE_CACHE", str(house.cache))
    default_catalog.cache_clear()
    yield house
    default_catalog.cache_clear()
