"""The command line. Every error is one line on standard error; the exit status says of which kind it is."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

import translate
from translate.cli.completion import completion
from translate.cli.lazy import LazyGroup
from translate.errors import SottovoceError
from translate.output.printable import printable
from translate.own_process import prepare_process

__all__ = ["cli", "main"]


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    lazy={
        "live": "translate.cli.live:live",
        "file": "translate.cli.file:file",
        "serve": "translate.cli.serve:serve",
        "find": "translate.cli.find:find",
        "token": "translate.cli.token:token",
        "translate": "translate.cli.translate:translate",
        "distil": "translate.cli.distil:distil",
        "models": "translate.cli.models:models",
        "doctor": "translate.cli.doctor:doctor",
        "config": "translate.cli.config:config",
        "service": "translate.cli.service:service",
        "bundle": "translate.cli.bundle:bundle",
        "top": "translate.cli.top:top",
        "bench": "translate.cli.bench:bench",
    },
)
@click.version_option(translate.__version__, prog_name="sottovoce")
def cli() -> None:
    """Live speech translation that runs wholly on this machine."""


cli.add_command(completion)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit.

    0: done; 1: failed; 2: bad arguments or unreadable audio; 3: a model is missing or damaged; 129, 130, 143: ended by
    SIGHUP, SIGINT or SIGTERM.
    """
    prepare_process()  # before a command imports a library
    _set_encoding()
    try:
        status = cli.main(args=arguments, prog_name="sottovoce", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        status = 0
    except click.UsageError as error:
        hint = f" (see '{error.ctx.command_path} --help')" if error.ctx is not None else ""
        status = _complain(error.format_message() + hint, 2)
    except click.ClickException as error:
        status = _complain(error.format_message(), error.exit_code)
    except SottovoceError as error:
        status = _complain(str(error), error.exit_status)
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except OSError as error:  # a full disk; a reader that has gone, as `head` does, is dealt with by click
        _abandon_output()
        status = _complain(f"{error.filename or 'writing failed'}: {error.strerror or error}", 1)
    sys.exit(status if isinstance(status, int) else 0)


def _set_encoding() -> None:
    """Captions are UTF-8 in files and pipes, whatever the locale; a terminal shows what it can."""
    if sys.stdout is None:  # closed by whoever started this
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # as long as the process
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")


def _abandon_output() -> None:
    """What is still to be written to standard output would fail again, noisily, when Python ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str, status: int) -> int:
    with suppress(OSError):  # the terminal is gone
        click.echo("sottovoce: " + printable(" ".join(message.split())), err=True)
    return status
