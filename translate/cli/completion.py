"""``sottovoce completion``: the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

__all__ = ["completion"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash:  sottovoce completion bash > ~/.local/share/bash-completion/completions/sottovoce
    zsh:   sottovoce completion zsh > ~/.zfunc/_sottovoce
    fish:  sottovoce completion fish > ~/.config/fish/completions/sottovoce.fish
    """
    script = get_completion_class(shell)
    assert script is not None  # click knows the three
    click.echo(script(context.find_root().command, {}, "sottovoce", "_SOTTOVOCE_COMPLETE").source())
