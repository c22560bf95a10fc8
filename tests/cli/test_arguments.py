"""What the program says before it does any work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

import translate
from translate.cli import cli, main

CLIP = Path(__file__).parent.parent / "data" / "audio" / "t2_covost_de_001.flac"
COMMANDS = cli.list_commands(click.Context(cli))


def test_version(run) -> None:
    ran = run("--version")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"sottovoce, version {translate.__version__}\n", "")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(run, flag: str) -> None:
    ran = run(flag)
    assert ran.returncode == 0
    listed = [line.split()[0] for line in ran.stdout.split("Commands:")[1].splitlines() if line.strip()]
    assert listed == COMMANDS
    assert {"live", "file", "serve", "models", "doctor", "completion"} <= set(listed)


def test_without_a_command_the_help_is_shown(run) -> None:
    ran = run()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == run("--help").stdout


def said_by(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    """Exit status, output and errors of the program, run in this process: a new one for each would take a minute."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    return stopped.value.code, *capsys.readouterr()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    status, said, errors = said_by(capsys, command, "--help")
    assert (status, errors) == (0, "")
    assert said.lower().startswith(f"usage: sottovoce {command} ")  # argparse, behind distil, writes it small


@pytest.mark.parametrize("group", [(), ("token",), ("models",), ("config",), ("service",)])
def test_what_a_command_does_is_said_in_one_whole_sentence(
    capsys: pytest.CaptureFixture[str], group: tuple[str, ...]
) -> None:
    listed = said_by(capsys, *group, "--help")[1].split("Commands:")[1].strip().splitlines()
    assert listed
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


@pytest.mark.parametrize(("command", "useless"), [("translate", "--model"), ("top", "--model"), ("top", "--glossary")])
def test_a_command_offers_no_option_that_it_does_not_use(
    capsys: pytest.CaptureFixture[str], command: str, useless: str
) -> None:
    assert useless not in said_by(capsys, command, "--help")[1]
    assert "No such option" in said_by(capsys, command, useless, "x")[2]


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["file", "--help"], ["live", "-h"], ["serve", "-h"], ["completion", "zsh"]]
)
def test_no_engine_is_loaded_to_say_what_there_is(arguments: list[str]) -> None:
    heavy = ["ctranslate2", "onnxruntime", "faster_whisper", "av", "sounddevice", "websockets", "huggingface_hub"]
    heavy += ["numpy", "rich"] if arguments == ["--version"] else []
    code = f"""
import sys
from translate.cli import cli, main
try:
    main({arguments!r})
finally:
    # What may not be imported at all stands there as None.
    print([name for name in {heavy!r} if sys.modules.get(name) is not None], file=sys.stderr)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stderr == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["--nonsense"], "No such option"),
        (["file"], "Missing argument 'PATH'"),
        (["file", "a", "b"], "unexpected extra argument"),
        (["file", CLIP, "--format", "doc"], "'doc' is not one of 'text', 'srt', 'vtt', 'json', 'events'"),
        (["file", CLIP, "--pace", "-1"], "--pace"),
        (["file", CLIP, "--pace", "11"], "--pace"),
        (["file", CLIP, "--pace", "nan"], "--pace"),
        (["file", "-", "--rate", "0"], "--rate"),
        (["file", "-", "--channels", "9"], "--channels"),
        (["file", CLIP, "--from", "Klingon"], "unknown language 'Klingon'"),
        (["file", CLIP, "--from", ""], "unknown language ''"),
        (["file", CLIP, "--from", "de", "--to", "en,xx"], "unknown language 'xx'"),
        (["file", CLIP, "--allow", "es,xx"], "unknown language 'xx'"),
        (["file", CLIP, "--from", "spanis"], "did you mean Spanish (es)"),
        (["live", "--from", "xx"], "unknown language 'xx'"),
        (["translate", "--from", "en"], "Missing option '--to'"),
        (["translate", "--from", "en", "--to", "xx"], "unknown language 'xx'"),
        (["file", CLIP, "--set", "asr.threads"], "--set takes GROUP.KEY=VALUE"),
        (["file", CLIP, "--set", "threads=2"], "--set takes GROUP.KEY=VALUE"),
        (["file", CLIP, "--set", "asr.thread=2"], "asr.thread is not a setting"),
        (["file", CLIP, "--set", "asr.threads=two"], "asr.threads must be a whole number, not 'two'"),
        (["file", CLIP, "--set", "asr.threads=2", "--set", "asr.threads=99"], "asr.threads must be from 0 to 64"),
        (["file", CLIP, "--set", "asr.compute_type=int9"], "asr.compute_type must be one of"),
        (["file", CLIP, "--config", "none.toml"], "cannot read none.toml"),
        (["file", CLIP, "--model", ""], "unknown model ''"),
        (["file", CLIP, "--model", "whisper-huge"], "unknown model 'whisper-huge'"),
        (["serve", "--port", "65536"], "--port"),
        (["models", "path", "nonsense"], "unknown model 'nonsense'"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(
    arguments: list[str | Path], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    assert (stopped.value.code, printed.out) == (2, "")
    (line,) = printed.err.splitlines()
    assert line.startswith("sottovoce: ")
    assert part in line


def test_the_process_too_says_one_line_and_exits_with_2(refused) -> None:
    assert refused(2, "file", "--pace", "x", CLIP).endswith("(see 'sottovoce file --help')")
    assert refused(2, "live", "--to", "xx") == "sottovoce: unknown language 'xx'; try es or Spanish"


def test_a_bad_file_of_settings_is_named_with_the_line(refused, tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text("[asr]\nthreads = \n")
    line = refused(2, "serve", "--config", path)
    assert str(path) in line
    assert "line 2" in line
    path.write_text("[asr]\nthreads = 1\n[mt]\nbeam = 2\n")
    assert "kiosk.toml:4: mt.beam is not a setting" in refused(2, "serve", "--config", path)


def test_a_bad_variable_is_named(refused) -> None:
    line = refused(2, "file", CLIP, env={"SOTTOVOCE_ASR_CADENCE": "400"})
    assert "SOTTOVOCE_ASR_CADENCE is not a setting" in line
    assert "cadence_ms" in line


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("missing.wav", None, "cannot read"),
        ("empty.wav", b"", "is empty"),
        ("folder.wav", "", "is a folder"),
        ("letter.wav", b"Dear Sir or Madam,\nno sound is in this.\n" * 50, "is not audio"),
        ("header.flac", b"fLaC\0\0\0\x22", "header.flac"),
    ],
)
def test_what_is_not_audio_is_refused_before_a_model_is_looked_for(
    refused, tmp_path: Path, name: str, content: bytes | str | None, part: str
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.mkdir()
    nothing_here = {"SOTTOVOCE_CACHE": str(tmp_path / "cache")}
    assert part in refused(2, "file", path, "--from", "en", "--model", "whisper-small", env=nothing_here)


def test_a_missing_model_is_named_with_the_command_that_gets_it(refused, tmp_path: Path) -> None:
    nothing_here = {"SOTTOVOCE_CACHE": str(tmp_path)}
    line = refused(3, "file", CLIP, "--from", "de", "--model", "whisper-small", env=nothing_here)
    assert "sottovoce models pull whisper-small" in line
    assert "sottovoce models pull" in refused(3, "translate", "--from", "en", "--to", "lo", env=nothing_here)
    assert "no model folder" in refused(3, "serve", "--model", tmp_path / "none", env=nothing_here)


def test_standard_input_that_is_closed_is_said_to_be_so(refused, fast: tuple[str, ...]) -> None:
    program = 'exec "$0" -m translate file - "$@" <&-'
    from_shell = subprocess.run(["bash", "-c", program, sys.executable, *fast], capture_output=True, text=True,
                                timeout=60, check=False)  # fmt: skip
    assert (from_shell.returncode, from_shell.stdout) == (2, "")
    assert from_shell.stderr == "sottovoce: standard input is closed; pipe raw PCM into it\n"


def test_a_filter_without_standard_input_says_so() -> None:
    program = 'exec "$0" -m translate translate --from en --to es <&-'
    ran = subprocess.run(
        ["bash", "-c", program, sys.executable], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "sottovoce: standard input is closed; pipe lines of text into it\n"


def test_output_that_is_closed_is_no_failure() -> None:
    program = 'exec "$0" -m translate models list >&- 2>&-'
    ran = subprocess.run(["bash", "-c", program, sys.executable], timeout=60, check=False)
    assert ran.returncode == 0


def test_a_full_disk_is_one_line(run) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = run("completion", "bash", stdout=full)
    assert (ran.returncode, ran.stderr) == (1, "sottovoce: writing failed: No space left on device\n")


def test_a_pipe_gets_utf_8_whatever_the_locale(run) -> None:
    ran = run("models", "list", env={"PYTHONIOENCODING": "ascii"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "→" in ran.stdout
