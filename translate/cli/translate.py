"""``sottovoce translate``: lines of text in, lines of translation out."""

from __future__ import annotations

import sys

import click

from translate.cli.options import configured_for_text
from translate.config import Config
from translate.errors import ConfigError
from translate.languages import canonical

__all__ = ["translate"]


@click.command(short_help="Translate text, a line at a time.")
@click.option("--from", "source", metavar="LANG", required=True, help="Language of the lines on standard input.")
@click.option("--to", "target", metavar="LANG", required=True, help="Language of the lines on standard output.")
@click.option("--beam", type=click.IntRange(1, 16), help="Beam size; 1: greedy (default: mt.beam_size).")
@configured_for_text
def translate(source: str, target: str, beam: int | None, config: Config) -> None:
    """Translate text, a line at a time: as many lines come out as go in, each at once.

    \b
    echo "Good morning." | sottovoce translate --from en --to es
    """
    from translate.inference.translators import Translators
    from translate.translation import translate_text

    if sys.stdin is None:
        raise ConfigError("standard input is closed; pipe lines of text into it")
    translators = Translators(config.mt)
    route = translators.route(canonical(source), canonical(target))
    if sys.stdin.isatty():
        click.echo("sottovoce: type or paste lines; Ctrl-D ends", err=True)
    # Whatever the bytes are, a line goes in and a line comes out: a bad byte must not lose the lines after it.
    for raw in sys.stdin.buffer:
        text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        text = translate_text(route, text, beam or config.mt.beam_size, translators.glossary)
        click.echo(" ".join(text.split()))
