"""``sottovoce translate``: lines of text in, lines of translation out."""

from __future__ import annotations

import sys

import click

from translate.cli.options import configured_for_text
from translate.config import Config
from translate.errors import ConfigError
from translate.languages import canonical, is_spaced

__all__ = ["translate"]


@click.command(short_help="Translate text, a line at a time.")
@click.option("--from", "source", metavar="LANG", required=True, help="Language of the lines on standard input.")
@click.option("--to", "target", metavar="LANG", required=True, help="Language of the lines on standard output.")
@click.option("--beam", type=click.IntRange(1, 16), help="Beam size; 1: greedy (default: mt.beam_size).")
@configured_for_text
def translate(source: str, target: str, beam: int | None, config: Config) -> None:
    """Translate text, a line at a time: as many lines come out as go in, each at once.

    Of a very long line its sentences come out as they are done.

    \b
    echo "Good morning." | sottovoce translate --from en --to es
    """
    from translate.inference import Translators
    from translate.translation import translate_text
    from translate.translation.lines import parts
    from translate.translation.sentences import lengths_of

    if sys.stdin is None:
        raise ConfigError("standard input is closed; pipe lines of text into it")
    translators = Translators(config.mt)
    route = translators.route(canonical(source), canonical(target))
    if sys.stdin.isatty():
        click.echo("sottovoce: type or paste lines; Ctrl-D ends", err=True)
    # A line goes in and a line comes out, whatever is in it; of a very long one its sentences as they are done.
    begun = False
    for part in parts(sys.stdin.buffer, lengths_of(route.source)):
        text = translate_text(route, part.text, beam or config.mt.beam_size, translators.glossary)
        text = " ".join(text.split())
        between = " " if begun and text and is_spaced(route.target) else ""
        click.echo(between + text, nl=part.ends_line)
        begun = not part.ends_line and (begun or bool(text))
