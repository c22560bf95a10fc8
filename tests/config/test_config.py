from __future__ import annotations

import dataclasses
import json
import typing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import AsrConfig, Config, load_config
from translate.errors import ConfigError

SETTINGS = [(group.name, f) for group in dataclasses.fields(Config) for f in dataclasses.fields(group.default)]
NUMBERS = [(group, f) for group, f in SETTINGS if f.metadata["low"] is not None]
IDS = [f"{group}.{f.name}" for group, f in SETTINGS]


def kind_of(group: str, f: dataclasses.Field[Any]) -> Any:
    return typing.get_type_hints(type(getattr(Config(), group)))[f.name]


def load(text: str, folder: Path, **layers: Any) -> Config:
    path = folder / "sottovoce.toml"
    path.write_text(text, "utf-8")
    return load_config(path, **{"environment": {}, **layers})


def complaint(*arguments: Any, **layers: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(*arguments, **{"environment": {}, **layers})
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize(("group", "f"), SETTINGS, ids=IDS)
def test_every_setting_is_documented_bounded_and_sound(group: str, f: dataclasses.Field[Any]) -> None:
    """What the loader relies on: a doc, a type that it can convert, bounds for every number, a default within them."""
    kind = kind_of(group, f)
    assert f.metadata["doc"]
    assert kind in (int, float, str, str | None, bool, tuple[str, ...])
    if kind in (int, float):
        assert f.metadata["low"] <= f.default <= f.metadata["high"]
    if f.metadata["choices"]:
        assert set(f.default if isinstance(f.default, tuple) else (f.default,)) <= set(f.metadata["choices"])
    if f.name.endswith("_ms"):
        assert kind is int


def test_without_anything_the_defaults_hold() -> None:
    assert load_config(environment={}) == Config()


def test_flags_go_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    text = "[asr]\ncadence_ms = 300\nmargin_ms = 301\npad_ms = 302\n[mt]\nbeam_size = 3\n"
    environment = {"SOTTOVOCE_ASR_CADENCE_MS": "500", "SOTTOVOCE_ASR_MARGIN_MS": "501"}
    config = load(text, tmp_path, environment=environment, flags={"asr": {"cadence_ms": 700}})
    assert (config.asr.cadence_ms, config.asr.margin_ms, config.asr.pad_ms) == (700, 501, 302)
    assert config.asr.keep_ms == AsrConfig().keep_ms
    assert config.mt.beam_size == 3


def test_a_flag_that_was_not_given_changes_nothing(tmp_path: Path) -> None:
    config = load("[server]\nport = 9000\n", tmp_path, flags={"server": {"port": None, "host": None}})
    assert (config.server.port, config.server.host) == (9000, "127.0.0.1")


def test_the_process_environment_counts_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOTTOVOCE_SERVER_PORT", "9001")
    assert load_config().server.port == 9001


@pytest.mark.parametrize(("group", "f"), SETTINGS, ids=IDS)
def test_every_setting_can_be_set_in_every_layer(group: str, f: dataclasses.Field[Any], tmp_path: Path) -> None:
    kind = kind_of(group, f)
    samples: dict[Any, Any] = {str: "x", str | None: "x", tuple[str, ...]: ("a", "b"), bool: True}
    value = f.metadata["choices"][-1] if f.metadata["choices"] else samples.get(kind, f.default)
    value = (value,) if kind == tuple[str, ...] and isinstance(value, str) else value
    text = ",".join(value) if isinstance(value, tuple) else str(value)
    toml = f"{list(value)}" if isinstance(value, tuple) else json.dumps(value)
    by_layer = [
        load(f"[{group}]\n{f.name} = {toml}\n", tmp_path),
        load_config(environment={f"SOTTOVOCE_{group}_{f.name}".upper(): text}),
        load_config(environment={}, flags={group: {f.name: value}}),
        load_config(environment={}, flags={group: {f.name: text}}),  # --set GROUP.KEY=VALUE
    ]
    for config in by_layer:
        assert getattr(getattr(config, group), f.name) == value


def test_variables_of_no_group_are_not_settings() -> None:
    assert load_config(environment={"SOTTOVOCE_CACHE": "/x", "SOTTOVOCE_": "x", "ASR_THREADS": "x"}) == Config()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("SOTTOVOCE_LIMITS_AHEAD", ["SOTTOVOCE_LIMITS_AHEAD is not a setting", "ahead_ms"]),
        ("SOTTOVOCE_LIMITS", ["SOTTOVOCE_LIMITS is not a setting"]),
        ("SOTTOVOCE_LIMITS_AHEAD_MS", ["SOTTOVOCE_LIMITS_AHEAD_MS must be a whole number, not 'much'"]),
    ],
)
def test_a_bad_variable_is_named_as_it_was_written(name: str, parts: list[str]) -> None:
    message = complaint(environment={name: "much"})
    assert all(part in message for part in parts)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[asr]\nthread = 2", ["asr.thread is not a setting", "threads", "sottovoce.toml"]),
        ("[ars]\nthreads = 2", ["unknown group [ars]", "asr", "sottovoce.toml"]),
        ("threads = 2", ["unknown group [threads]", "sottovoce.toml"]),
        ("asr = 2", ["[asr] must be a table", "sottovoce.toml"]),
        ("[[asr]]\nthreads = 2", ["[asr] must be a table", "sottovoce.toml"]),
        ("[asr]\nthreads = 65", ["sottovoce.toml:2: asr.threads must be from 0 to 64, not 65"]),
        ("[asr]\nthreads = -1", ["asr.threads must be from 0 to 64, not -1"]),
        ("[asr]\nthreads = 2.0", ["asr.threads must be a whole number, not 2.0"]),
        ("[asr]\nthreads = '2'", ["asr.threads must be a whole number, not '2'"]),
        ("[asr]\nthreads = true", ["asr.threads must be a whole number, not True"]),
        ("[asr]\nthreads = 1979-05-27", ["asr.threads must be a whole number"]),
        ("[asr]\nthreads.most = 2", ["asr.threads must be a whole number"]),
        ("[asr]\nmodel = 7", ["asr.model must be a string, not 7"]),
        ("[asr]\ncompute_type = 'int9'", ["asr.compute_type must be one of default, auto, int8", "not 'int9'"]),
        ("[asr]\nhotwords = 'Ada, Bob'", ["asr.hotwords must be a list of strings"]),
        ("[asr]\nhotwords = ['Ada', 2]", ["asr.hotwords must be a list of strings"]),
        ("[asr]\nhotwords = {Ada = 'Bob'}", ["asr.hotwords must be a list of strings"]),
        ("[vad]\nthreshold = nan", ["vad.threshold must be a number, not nan"]),
        ("[vad]\nthreshold = inf", ["vad.threshold must be from 0.05 to 0.95, not inf"]),
        ("[vad]\nthreshold = 1", ["vad.threshold must be from 0.05 to 0.95, not 1"]),
        (f"[vad]\nthreshold = 1{'0' * 400}", ["vad.threshold must be a number"]),
        (f"[asr]\nthreads = 0x{'f' * 5000}", ["asr.threads must be from 0 to 64"]),
        ("[vad]\nthreshold = 0.3", ["vad.release (0.35) must not be above vad.threshold (0.3)"]),
        ("[asr]\nkeep_ms = 3000\nwindow_ms = 2500", ["asr.keep_ms (3000) must not be above asr.window_ms (2500)"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(text: str, parts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "sottovoce.toml"
    path.write_text(text, "utf-8")
    message = complaint(path)
    assert all(part in message for part in parts), message
    assert len(message) < 400 + len(str(path))


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"[asr]\nthreads = 1\nthreads = 2\n", "line 3"),
        (b"[asr]\nthreads = \n", "line 2"),
        (b"[asr\n", "line 1"),
        (b"\xff\xfe[\x00a\x00", "not UTF-8"),
        (b"[asr]\nthreads = 1" + b"0" * 5000, "is not TOML"),
        (b"x = " + b"[" * 10_000, "is not TOML"),
    ],
)
def test_a_file_that_is_not_toml_is_said_to_be_so(content: bytes, part: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    message = complaint(path)
    assert str(path) in message
    assert part in message


def test_a_file_from_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbf[asr]\r\nthreads = 2\r\n")
    assert load_config(path, environment={}).asr.threads == 2


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.toml") == f"cannot read {tmp_path}/none.toml: no such file or directory"
    assert complaint(tmp_path) == f"cannot read {tmp_path}: is a directory"


def test_lists_as_text_lose_empty_parts_and_spaces() -> None:
    config = load_config(environment={"SOTTOVOCE_ASR_HOTWORDS": " Ada Lovelace ,, Bob,", "SOTTOVOCE_MT_MODELS": ""})
    assert config.asr.hotwords == ("Ada Lovelace", "Bob")
    assert config.mt.models == ()


JUNK = st.one_of(
    st.booleans(),
    st.binary(max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.lists(st.integers(), min_size=1, max_size=2),
    st.dates(),
)


def outside(f: dataclasses.Field[Any], kind: Any) -> st.SearchStrategy[Any]:
    low, high = f.metadata["low"], f.metadata["high"]
    below, above = st.integers(max_value=int(low) - 1), st.integers(min_value=int(high) + 1)
    if kind is int:
        return st.one_of(below, above, st.floats())
    floats = st.one_of(st.floats(max_value=low, exclude_max=True), st.floats(min_value=high, exclude_min=True))
    return st.one_of(below, above, floats, st.just(float("nan")))


@given(st.data())
def test_no_bad_number_gets_in_and_nothing_but_a_config_error_comes_out(data: st.DataObject) -> None:
    group, f = data.draw(st.sampled_from(NUMBERS))
    number = outside(f, kind_of(group, f))
    value = data.draw(st.one_of(number, JUNK, st.text().filter(lambda text: not text.strip())))
    message = complaint(flags={group: {f.name: value}})
    assert f"{group}.{f.name} must be" in message
    if isinstance(value, float):
        variable = f"SOTTOVOCE_{group}_{f.name}".upper()
        assert f"{variable} must be" in complaint(environment={variable: repr(value)})


@given(st.data())
def test_no_value_of_a_wrong_type_gets_into_text(data: st.DataObject) -> None:
    texts = [(g, f) for g, f in SETTINGS if (g, f) not in NUMBERS and kind_of(g, f) is not bool]
    group, f = data.draw(st.sampled_from(texts))
    value = data.draw(st.one_of(JUNK, st.integers(), st.floats()))
    assert f"{group}.{f.name} must be" in complaint(flags={group: {f.name: value}})


@given(st.data())
def test_every_number_within_its_range_is_taken_as_it_is(data: st.DataObject) -> None:
    group, f = data.draw(st.sampled_from([(g, f) for g, f in NUMBERS if (g, f.name) not in COUPLED]))
    low, high = f.metadata["low"], f.metadata["high"]
    value = data.draw(st.integers(low, high) if kind_of(group, f) is int else st.floats(low, high))
    variable = f"SOTTOVOCE_{group}_{f.name}".upper()
    for config in (
        load_config(environment={}, flags={group: {f.name: value}}),
        load_config(environment={variable: repr(value)}),
    ):
        assert getattr(getattr(config, group), f.name) == value


COUPLED = {("vad", "threshold"), ("vad", "release"), ("asr", "window_ms"), ("asr", "keep_ms")}
"""Whose values must also fit each other."""


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_no_unknown_name_passes(name: str, value: str) -> None:
    known = {f.name for group, f in SETTINGS if group == "asr"}
    if name not in known:
        complaint(flags={"asr": {name: value}})
    if name not in {f.name for f in dataclasses.fields(Config)}:
        complaint(flags={name: {"threads": value}})
