"""``sottovoce translate``: lines of text in, lines of translation out."""

from __future__ import annotations

import sys

import click

from translate.cli.options import configured
from translate.config import Config
from translate.languages import canonical

__all__ = ["translate"]


@click.command()
@click.option("--from", "source", metavar="LANG", required=True, help="Language of the lines on standard input.")
@click.option("--to", "target", metavar="LANG", required=True, help="Language of the lines on standard output.")
@click.option("--beam", type=click.IntRange(1, 16), help="Beam size; 1: greedy (default: mt.beam_size).")
@configured
def translate(source: str, target: str, beam: int | None, config: Config) -> None:
    """Translate text, a line at a time: as many lines come out as go in, each at once.

    \b
    echo "Good morning." | sottovoce translate --from en --to es
    """
    from translate.translation import translate_text
    from translate.translators import Translators

    translators = Translators(config.mt)
    route = translators.route(canonical(source), canonical(target))
    # Whatever the bytes are, a line goes in and a line comes out: a bad byte must not lose the lines after it.
    for raw in sys.stdin.buffer:
        text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
        text = translate_text(route, text, beam or config.mt.beam_size, translators.glossary)
        click.echo(" ".join(text.split()))
