"""``sottovoce distil``: the recipe of ``models/distil``, for people with text of their own."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any, cast

import click

from translate.resources import models_folder

__all__ = ["distil"]


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
    short_help="Make a small translation model from parallel text.",
)
@click.pass_context
def distil(context: click.Context) -> None:
    """Distil a small translation model from parallel text (see: sottovoce distil --help)."""
    # The recipe ships as text and models do, not as a part of the service: it needs torch, which the service must not.
    folder = str(models_folder().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    recipe = cast(Any, import_module("models.distil.__main__"))
    context.exit(recipe.main(context.args, prog="sottovoce distil"))
