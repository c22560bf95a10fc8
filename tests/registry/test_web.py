"""Pulls of Firefox's models from a real HTTP server on this machine, which stands for Mozilla's."""

from __future__ import annotations

import base64
import gzip
import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from translate.errors import ConfigError, MissingModel, ModelDamaged
from translate.registry import resolve
from translate.registry.fetch import FolderFetcher, WebFetcher
from translate.registry.folders import read_lock
from translate.registry.pull import pull
from translate.registry.unpack import bound_bytes, unpack
from translate.registry.verify import verify


def pulled(firefox, name: str) -> Path:
    registry = firefox.house.registry
    return pull(registry.catalog.find(name), registry.store)


def staged(firefox) -> list[str]:
    folder = firefox.house.cache / "models"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_packed_model_is_checked_unpacked_and_written_down(firefox) -> None:
    folder = pulled(firefox, firefox.offer("en", "de", 38.8))
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    lock = read_lock(folder)
    assert lock
    assert set(contents) == {*lock.files, "sottovoce.lock.json"}
    for address, packed in firefox.files.items():
        assert contents[address.rpartition("/")[2].removesuffix(".gz")] == gzip.decompress(packed)
    assert lock.trusted_on_first_use == ()  # the hash of the gzip file was known
    assert lock.revision == "c" * 40
    assert lock.source.startswith("web http://127.0.0.1:")
    model = resolve("firefox-en-de", kind="translation")
    assert (model.path, model.pairs, model.origin) == (folder, (("en", "de"),), "cache")
    assert model.quality_of("en", "de") == 38.8
    assert model.quality_of("de", "en") is None
    asked = len(firefox.asked)
    assert pulled(firefox, "firefox-en-de") == folder
    assert len(firefox.asked) == asked


def test_an_attachment_comes_as_it_is(firefox) -> None:
    folder = pulled(firefox, firefox.attach("en", "th"))
    assert {path for path, _ in firefox.asked} == set(firefox.files)
    assert verify(firefox.house.registry, "firefox-en-th").files == 3
    lock = read_lock(folder)
    assert lock
    assert (lock.revision, lock.trusted_on_first_use) == ("records of 7", ())


def test_an_interrupted_pull_goes_on_where_it_stopped(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stop(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        seen.append(done)
        if sum(seen) >= 100_000:
            raise Stop

    from huggingface_hub import constants

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 50_000)
    seen: list[int] = []
    name = firefox.offer("en", "de", 38.8)
    spec = firefox.house.registry.catalog.find(name)
    with pytest.raises(Stop):
        pull(spec, firefox.house.registry.store, progress=stop)
    part = firefox.house.cache / "models/.firefox-en-de.new/model.ende.intgemm.alphas.bin.gz"
    have = part.stat().st_size
    assert 0 < have < len(firefox.files[firefox.of("firefox-en-de", "model")])
    pulled(firefox, "firefox-en-de")
    assert [wanted for path, wanted in firefox.asked if "/model." in path] == [None, f"bytes={have}-"]


def test_a_server_that_knows_no_ranges_gives_the_whole_file_again(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 50_000)
    firefox.cut_after, firefox.ranges = 120_000, False
    folder = pulled(firefox, firefox.offer("en", "de", 38.8))
    wanted = [wanted for path, wanted in firefox.asked if "/model." in path]
    assert wanted == [None, "bytes=100000-"]  # answered with 200 and all of it
    packed = firefox.files[firefox.of("firefox-en-de", "model")]
    assert (folder / "model.ende.intgemm.alphas.bin").read_bytes() == gzip.decompress(packed)


def test_a_server_that_refers_to_another_host_is_followed(firefox, other_host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the middle of a file; and the other host is not told the password."""
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 50_000)
    address = firefox.url.removeprefix("http://")
    monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", f"http://somebody:s%40cret@{address}")
    firefox.elsewhere, other_host.cut_after = other_host.url.replace("127.0.0.1", "localhost"), 120_000
    pulled(firefox, firefox.offer("en", "de", 38.8))
    for server in (firefox, other_host):
        assert [wanted for path, wanted in server.asked if "/model." in path] == [None, "bytes=100000-"]
    assert firefox.headers["authorization"] == "Basic " + base64.b64encode(b"somebody:s@cret").decode()
    assert "authorization" not in other_host.headers
    assert verify(firefox.house.registry, "firefox-en-de").files == 3


def test_the_password_of_a_mirror_is_told_nobody(firefox, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    address = firefox.url.removeprefix("http://")
    name = firefox.offer("en", "de", 38.8)
    vocabulary = firefox.of(name, "vocab")
    good, firefox.files[vocabulary] = firefox.files[vocabulary], b"short"
    told = []
    for firefox.status, server in ((401, address), (None, address), (None, "127.0.0.1:9")):
        monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", f"http://somebody:s3cret@{server}/")
        with pytest.raises((MissingModel, ModelDamaged)) as caught:
            pulled(firefox, name)
        told.append(str(caught.value))
    firefox.files[vocabulary] = good
    monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", f"http://somebody:s3cret@{address}/")
    told.append((pulled(firefox, name) / "sottovoce.lock.json").read_text())
    assert f'"source": "web http://{address}/media/' in told[-1]
    assert "s3cret" not in "".join([*told, caplog.text])
    assert "somebody" not in "".join(told)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_dropped_connection_is_taken_up_again(firefox, ranges: bool) -> None:
    firefox.cut_after, firefox.ranges = 60_000, ranges
    pulled(firefox, firefox.offer("en", "de", 38.8))
    wanted = [wanted for path, wanted in firefox.asked if "/model." in path]
    assert wanted[0] is None
    assert len(wanted) == 2
    assert verify(firefox.house.registry, "firefox-en-de").files == 3


def test_other_bytes_are_refused_by_name_and_dropped(firefox) -> None:
    address = firefox.of(firefox.offer("en", "de", 38.8), "lex")
    good = firefox.files[address]
    firefox.files[address] = good[:-9] + bytes([good[-9] ^ 1]) + good[-8:]
    with pytest.raises(ModelDamaged, match=r"^lex\.50\.50\.ende\.s2t\.bin\.gz of firefox-en-de came with") as caught:
        pulled(firefox, "firefox-en-de")
    assert "\n" not in str(caught.value)
    assert staged(firefox) == []
    firefox.files[address] = good
    assert pulled(firefox, "firefox-en-de").is_dir()


@pytest.mark.parametrize("change", [lambda good: good[:-1], lambda good: b"version https://git-lfs", lambda _: b""])
def test_a_file_that_is_too_short_is_refused(firefox, change) -> None:
    address = firefox.of(firefox.offer("en", "de", 38.8), "vocab")
    firefox.files[address] = change(firefox.files[address])
    with pytest.raises(ModelDamaged, match=r"vocab\.ende\.spm\.gz of firefox-en-de is shorter than the"):
        pulled(firefox, "firefox-en-de")
    assert staged(firefox) == []


def test_a_file_that_is_too_long_never_reaches_the_disk(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    address = firefox.of(firefox.offer("en", "de", 38.8), "vocab")
    firefox.files[address] += bytes(5_000_000)
    with pytest.raises(ModelDamaged, match="is longer than the"):
        pulled(firefox, "firefox-en-de")
    assert staged(firefox) == []


def test_what_unpacks_to_more_than_it_may_is_refused(firefox) -> None:
    firefox.repack(firefox.of(firefox.offer("en", "de", 38.8), "vocab"), bytes(3_000_000))
    with pytest.raises(ModelDamaged, match=r"vocab\.ende\.spm\.gz of firefox-en-de unpacks to more than \d+ bytes"):
        pulled(firefox, "firefox-en-de")
    assert staged(firefox) == []


def test_the_content_of_a_right_gzip_file_is_held_against_its_own_hash(firefox) -> None:
    address = firefox.of(firefox.offer("en", "de", 38.8), "model")
    data = bytearray(gzip.decompress(firefox.files[address]))
    data[-1] ^= 1
    firefox.repack(address, bytes(data))
    with pytest.raises(ModelDamaged, match=r"model\.ende\.intgemm\.alphas\.bin of firefox-en-de came with another"):
        pulled(firefox, "firefox-en-de")
    assert staged(firefox) == []


def test_what_the_server_refuses_is_said_in_one_line(firefox) -> None:
    firefox.status = 403
    with pytest.raises(MissingModel, match=r"cannot get firefox-en-de: 127\.0\.0\.1:\d+ answers 403; try again, or"):
        pulled(firefox, firefox.offer("en", "de", 38.8))
    assert staged(firefox) == []


def test_no_network_is_said_in_one_line(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", "http://127.0.0.1:9")
    with pytest.raises(MissingModel, match=r"cannot get firefox-en-de from 127\.0\.0\.1:9 .*--from FOLDER$"):
        pulled(firefox, firefox.offer("en", "de", 38.8))


def test_both_servers_have_the_mirror_in_their_place(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = firefox.house.registry.catalog
    firefox.offer("en", "de", 38.8)
    firefox.attach("en", "th")
    catalog = firefox.house.registry.catalog
    monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", "https://mirror.example/models/")
    sources = {name: WebFetcher(catalog.find(name).web, name).source for name in ("firefox-en-de", "firefox-en-th")}
    repository = "/media/mozilla/firefox-translations-models/" + "c" * 40
    assert sources == {
        "firefox-en-de": f"web https://mirror.example/models{repository}",
        "firefox-en-th": "web https://mirror.example/models",
    }
    monkeypatch.delenv("SOTTOVOCE_FIREFOX_URL")
    sources = {name: WebFetcher(catalog.find(name).web, name).source for name in sources}
    assert sources == {
        "firefox-en-de": f"web https://media.githubusercontent.com{repository}",
        "firefox-en-th": "web https://firefox-settings-attachments.cdn.mozilla.net",
    }


@pytest.mark.parametrize(
    "address",
    [
        "mirror.example", "ftp://mirror.example", "https://", "http://[", "https://a?b", "https://a?", "https://a#b",
        "http://a:99999", "http://a:b", "http://a:0", "http://a b", "http://a\tb", "http://a/b c", "http://u:p@",
        "http://a\\b", " http://a", "http://a,b",
    ],
)  # fmt: skip
def test_a_bad_mirror_is_named(firefox, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    name = firefox.offer("en", "de", 38.8)
    monkeypatch.setenv("SOTTOVOCE_FIREFOX_URL", address)
    with pytest.raises(ConfigError, match="SOTTOVOCE_FIREFOX_URL must be the address of a server"):
        pulled(firefox, name)


def test_the_free_space_counts_packed_and_unpacked(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    name = firefox.offer("en", "de", 38.8)
    spec = firefox.house.registry.catalog.find(name)
    assert spec.wire_bytes
    monkeypatch.setattr("translate.registry.store.Store._free_bytes", lambda _: spec.wire_bytes + (4 << 20) + 1000)
    with pytest.raises(MissingModel, match="no room for firefox-en-de in the model cache"):
        pulled(firefox, "firefox-en-de")
    assert firefox.asked == []


def test_brought_files_may_be_packed_or_not(firefox, tmp_path: Path) -> None:
    registry_spec = firefox.offer("en", "de", 38.8)
    for address, packed in firefox.files.items():
        name = address.rpartition("/")[2]
        firefox.house.write(f"packed/{name}", packed)
        firefox.house.write(f"raw/{name.removesuffix('.gz')}", gzip.decompress(packed))
    registry = firefox.house.registry
    spec = registry.catalog.find(registry_spec)
    lock = read_lock(pull(spec, registry.store, FolderFetcher(tmp_path / "packed")))
    assert lock
    assert lock.trusted_on_first_use == ()
    registry.store.remove(spec.name)
    lock = read_lock(pull(spec, registry.store, FolderFetcher(tmp_path / "raw")))
    assert lock
    assert lock.trusted_on_first_use == ("lex.50.50.ende.s2t.bin", "vocab.ende.spm")  # nobody states their hash
    registry.store.remove(spec.name)
    (tmp_path / "packed/model.ende.intgemm.alphas.bin.gz").write_bytes(gzip.compress(b"another"))
    with pytest.raises(ModelDamaged, match=r"model\.ende\.intgemm\.alphas\.bin\.gz of packed came with another"):
        pull(spec, registry.store, FolderFetcher(tmp_path / "packed"))
    (tmp_path / "packed/model.ende.intgemm.alphas.bin.gz").unlink()
    with pytest.raises(MissingModel, match=r"has no file model\.ende\.intgemm\.alphas\.bin; the model"):
        pull(spec, registry.store, FolderFetcher(tmp_path / "packed"))
    assert firefox.asked == []


def test_the_server_learns_nothing_of_who_asks(firefox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pulled(firefox, firefox.offer("en", "de", 38.8))
    sent = firefox.headers
    assert sent.pop("user-agent") == "sottovoce"
    assert sent.pop("accept-encoding") == "identity"
    assert set(sent) <= {"host", "accept", "connection", "x-amzn-trace-id"}  # the last is a random number


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), cut=st.integers(0, 60), flip=st.integers(0, 60), stated=st.booleans())
@example(data=bytes(400), cut=0, flip=0, stated=False)
def test_unpacking_gives_the_content_or_says_why_not(tmp_path: Path, data: bytes, cut: int, flip: int, stated: bool):
    packed = bytearray(gzip.compress(data))
    if flip:
        packed[flip % len(packed)] ^= 0x10
    packed = packed[: len(packed) - cut] if cut < len(packed) else bytearray()
    source, target = tmp_path / "x.gz", tmp_path / "x"
    source.write_bytes(packed)
    target.unlink(missing_ok=True)
    limit = bound_bytes(len(packed), len(data) if stated else None)
    told = None
    try:
        with source.open("rb") as file:
            unpack(file, target, "x.gz", len(data) if stated else None)
    except ModelDamaged as error:
        told = str(error)
    if told is None:
        assert target.read_bytes() == data or flip or not packed
    else:
        assert told.startswith("x.gz ")
        assert cut or flip or len(data) > limit
    assert not target.exists() or target.stat().st_size <= limit
