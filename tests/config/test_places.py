"""Where a setting came from, and a line for everything that is wrong."""

from __future__ import annotations

import dataclasses
import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.config import Config, load_config
from translate.config.lines import key_lines, line_of
from translate.config.load import DEFAULT, default_files, read_config
from translate.config.reload import _NEXT, _NOW, effect_of, merge
from translate.config.template import effective, template
from translate.config.values import toml
from translate.errors import ConfigError

SETTINGS = [(group.name, f) for group in dataclasses.fields(Config) for f in dataclasses.fields(group.default)]


def bad_values(group: str, f: dataclasses.Field[Any]) -> Iterator[str]:
    """TOML of values that the setting must refuse, from what its own metadata says."""
    kind = typing.get_type_hints(type(getattr(Config(), group)))[f.name]
    yield "{ a = 1 }"
    yield "[1]"
    if kind is not bool:
        yield "true"
    if kind in (int, float):
        yield from ('"many"', "nan", f"{f.metadata['low'] - 1}", f"{f.metadata['high'] + 1}")
    else:
        yield "7"
    if f.metadata["choices"]:
        yield '["no such"]' if isinstance(f.default, tuple) else '"no such"'


def test_every_key_wrong_in_turn_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    tried = 0
    for group, f in SETTINGS:
        for value in bad_values(group, f):
            path.write_text(f"# one\n[limits]\nsessions = 2\n\n[{group}]\n{f.name} = {value}\n".replace(
                "[limits]\nsessions = 2\n\n[limits]", "#\n#\n\n[limits]"
            ))  # fmt: skip
            problems = read_config([path], environment={}).problems
            assert len(problems) == 1, (group, f.name, value)
            assert problems[0].startswith(f"{path}:6: {group}.{f.name} must be "), problems
            assert len(problems[0].splitlines()) == 1
            tried += 1
    assert tried > 3 * len(SETTINGS)


def test_all_problems_come_at_once_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[vad]\nthreshold = 7\n\n[asr]\nthread = 1\n"pad_ms" = """x"""\n[sever]\nport = 1\n')
    reading = read_config([path], environment={"SOTTOVOCE_MT_THREADS": "none"}, flags={"asr": {"no": "1"}})
    assert [problem.partition(" ")[0] for problem in reading.problems] == [
        f"{path}:2:", f"{path}:5:", f"{path}:6:", f"{path}:7:", "SOTTOVOCE_MT_THREADS", "the",
    ]  # fmt: skip
    assert "did you mean threads?" in reading.problems[1]
    assert "did you mean server?" in reading.problems[3]
    with pytest.raises(ConfigError, match=r":2: vad\.threshold .* \(and 3 more"):
        load_config(path, environment={})


def test_a_pair_that_does_not_fit_is_named_where_it_was_set(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[vad]\n\nthreshold = 0.3\n")
    (problem,) = read_config([path], environment={}).problems
    assert problem.startswith(f"{path}:3: vad.release (0.35) must not be above vad.threshold (0.3)")


def test_every_origin_is_told(tmp_path: Path) -> None:
    system, user = tmp_path / "system.toml", tmp_path / "user.toml"
    system.write_text("[asr]\ncadence_ms = 300\npad_ms = 1000\n")
    user.write_text("asr.cadence_ms = 301\n")
    reading = read_config(
        [system, user], environment={"SOTTOVOCE_ASR_THREADS": "2"}, flags={"server": {"port": "1", "host": None}}
    )
    origins = {name: origin for name, origin in reading.origins.items() if origin != DEFAULT}
    assert origins == {
        ("asr", "cadence_ms"): f"{user}:1",
        ("asr", "pad_ms"): f"{system}:3",
        ("asr", "threads"): "SOTTOVOCE_ASR_THREADS",
        ("server", "port"): "the command line",
    }
    assert (reading.config.asr.cadence_ms, reading.config.asr.pad_ms) == (301, 1000)
    shown = effective(reading, changed_only=True)
    assert tomllib.loads(shown) == {
        "asr": {"cadence_ms": 301, "pad_ms": 1000, "threads": 2}, "server": {"port": 1},
    }  # fmt: skip
    assert f"# {user}:1" in shown


def test_what_is_shown_is_read_again_as_the_same_settings(tmp_path: Path) -> None:
    flags = {
        "asr": {"hotwords": 'Ada "the" Lovelace,Bob\\,é\x7f\t', "allowed_languages": ""},
        "audio": {"device": "a\nb"},
    }
    reading = read_config(environment={}, flags=flags)
    path = tmp_path / "again.toml"
    path.write_text(effective(reading), "utf-8")
    assert load_config(path, environment={}) == reading.config


def test_a_new_file_has_every_key_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(template(), "utf-8")
    assert load_config(path, environment={}) == Config()
    uncommented = "\n".join(
        line[2:] if line.startswith("# ") and " = " in line and "=500" not in line else line
        for line in template().splitlines()
    )
    path.write_text(uncommented, "utf-8")
    assert load_config(path, environment={}) == Config()
    found = {(group, key) for group, keys in tomllib.loads(uncommented).items() for key in keys}
    assert found == {(group, f.name) for group, f in SETTINGS}


def test_the_usual_files_are_those_that_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translate.config.load.SYSTEM_FILE", tmp_path / "etc.toml")
    environment = {"XDG_CONFIG_HOME": str(tmp_path / "home")}
    own = tmp_path / "home" / "sottovoce" / "config.toml"
    assert default_files(environment) == ()
    own.parent.mkdir(parents=True)
    own.touch()
    assert default_files(environment) == (own,)
    (tmp_path / "etc.toml").touch()
    assert default_files(environment) == (tmp_path / "etc.toml", own)


NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.recursive(
    st.one_of(
        st.integers(-9, 9).map(str),
        st.booleans().map(toml),
        TEXTS.map(toml),
        TEXTS.map(lambda text: f'"""\n{text.replace(chr(92), "").replace(chr(34), "")}\n# ] """'),
        st.just("'''\n[x]\n'''"),
    ),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda some: "[\n  # a ] comment\n" + "".join(f"{p},\n" for p in some) + "]"),
        st.dictionaries(NAMES, st.integers(0, 9).map(str), max_size=2).map(
            lambda some: "{" + ", ".join(f"{k} = {v}" for k, v in some.items()) + "}"
        ),
    ),
    max_leaves=4,
)
TABLES = st.dictionaries(NAMES, st.dictionaries(st.one_of(NAMES, TEXTS), VALUES, max_size=4), max_size=4)


@given(TABLES, st.sampled_from(["", "\n", "# [no]\n", "  \n\n"]))
def test_lines_are_those_on_which_the_keys_were_written(tables: dict[str, dict[str, str]], between: str) -> None:
    text, written = "", {}
    for table, keys in tables.items():
        text += between
        written[table,] = text.count("\n") + 1
        text += f"[ {table} ] # x = 1\n"
        for key, value in keys.items():
            text += between
            written[table, key] = text.count("\n") + 1
            text += f"  {toml(key)} = {value}  # end\n"
    tomllib.loads(text)  # valid to begin with
    assert key_lines(text) == written


@pytest.mark.parametrize(
    ("text", "names", "line"),
    [
        ("a.b . 'c' = 1\n", ("a", "b", "c"), 1),
        ("\n[a]\nb = { c = 1 }\n", ("a", "b", "c"), 3),
        ("[a]\n[[b.c]]\nd = 1\n[[b.c]]\nd = 2", ("b", "c", "d"), 3),
        ('[a]\r\n"x\\u0041" = 1\r\n', ("a", "xA"), 2),
        ("x = '''a''''\ny = 1", ("y",), 2),
        ('x = """a\\""""\ny = 1', ("y",), 2),
        ("[a]\n", ("b", "c"), None),
    ],
)
def test_lines_of_the_forms_that_toml_allows(text: str, names: tuple[str, ...], line: int | None) -> None:
    tomllib.loads(text)
    assert line_of(key_lines(text), *names) == line


def test_every_setting_that_can_be_taken_over_exists() -> None:
    names = {(group, f.name) for group, f in SETTINGS}
    listed = {(group, key) for table in (_NOW, _NEXT) for group, keys in table.items() for key in keys}
    assert listed <= names
    assert {effect_of(*name) for name in names} == {"now", "next", "restart"}


@given(st.sets(st.sampled_from(SETTINGS).map(lambda one: (one[0], one[1].name))))
def test_a_reload_takes_over_what_can_be_and_tells_of_everything(names: set[tuple[str, str]]) -> None:
    old = Config()
    read = old
    for group, key in names:
        changed = dataclasses.replace(getattr(read, group), **{key: object()})
        read = dataclasses.replace(read, **{group: changed})
    merged, changes = merge(old, read)
    assert {(change.group, change.key) for change in changes} == names
    for group, f in SETTINGS:
        source = read if effect_of(group, f.name) != "restart" else old
        assert getattr(getattr(merged, group), f.name) is getattr(getattr(source, group), f.name)
