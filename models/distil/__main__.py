"""``python -m models.distil STEP RECIPE --work FOLDER``, also reached as ``sottovoce distil``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .config import load_recipe
from .errors import DistilError

__all__ = ["main"]

_STEPS = ("prepare", "train-teacher", "translate", "train-student", "convert", "score", "card", "ship", "all")

_HELP = """\
steps, in order (all: every one but ship, skipping what is done):
  prepare        read and filter the text, fit the tokenizer
  train-teacher  train a large model (only if the recipe gives it hours)
  translate      the teacher translates the training text
  train-student  train the small model; killed, it goes on when run again
  convert        make the int8 folder
  score          BLEU, chrF2, speed and steadiness on the development sets
  card           write student.toml and the model card
  ship           copy the folders to --students
"""


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Distil a small translation model for live speech from parallel text.",
        epilog=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("step", choices=_STEPS, metavar="STEP", help="see below")
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a TOML file; those shipped are in recipes/")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="checkpoints and all between")
    parser.add_argument("--hours", type=float, help="time for this training (default: the recipe's)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="changes",
        help="change the recipe, as in --set train.batch_tokens=32768 (may be repeated)",
    )
    parser.add_argument("--students", type=Path, metavar="FOLDER", help="where to ship to")
    parser.add_argument("--quiet", action="store_true", help="say nothing but errors")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    changes = list(arguments.changes)
    if arguments.hours is not None:
        if arguments.hours <= 0:
            raise DistilError("--hours must be above 0")
        table = "train_teacher" if arguments.step == "train-teacher" else "train"
        changes.append(f"{table}.hours={arguments.hours}")
    recipe = load_recipe(arguments.recipe, changes)
    try:
        from .steps import RecipeRun
    except ImportError as error:
        raise DistilError(f"{error.name} is missing; install it with: pip install 'sottovoce[distil]'") from None
    run = RecipeRun(recipe, arguments.work, quiet=arguments.quiet)
    if arguments.step == "ship":
        if arguments.students is None:
            raise DistilError("ship needs --students FOLDER")
        run.ship(arguments.students)
    else:
        run.run(arguments.step)


def main(argv: Sequence[str] | None = None, *, prog: str | None = None) -> int:
    """Run one command; return the exit status: 0, 2 for a mistake that one line explains, 130 for an interrupt."""
    arguments = _parser(prog).parse_args(argv)
    try:
        _run(arguments)
    except DistilError as error:
        print(f"distil: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("distil: interrupted; run the same command again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(prog="python -m models.distil"))
