"""``python -m translate``: the same as the command ``sottovoce``."""

from translate.cli import main

main()
