"""``sottovoce distil``: the recipe of ``models/distil``, for people with text of their own."""

from __future__ import annotations

import click

from translate.resources import load_distil

__all__ = ["distil"]


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
    short_help="Make a small translation model from parallel text.",
)
@click.pass_context
def distil(context: click.Context) -> None:
    """Distil a small translation model from parallel text (see: sottovoce distil --help)."""
    context.exit(load_distil().main(context.args, prog="sottovoce distil"))
