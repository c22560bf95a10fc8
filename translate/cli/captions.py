"""A talk on standard output: captions in the terminal, or the wire events as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING

from translate.cli.interrupt import ends
from translate.cli.output import Output

if TYPE_CHECKING:
    from translate.audio import AudioSource
    from translate.events import Event
    from translate.latency import SessionClock

__all__ = ["show"]


async def show(
    talk: AsyncIterable[Event], source: AudioSource, targets: tuple[str, ...], clock: SessionClock, *, events: bool
) -> None:
    """Show ``talk`` until it ends. A signal, or an output that is gone, ends the source, and then what was said comes.

    Args:
        talk: what happens.
        source: whose sound the talk is about.
        targets: languages translated into.
        clock: of the session.
        events: the wire events in place of captions.

    Raises:
        OSError: nothing could be written any more.
    """
    from rich.console import Console

    from translate.output.terminal import TerminalCaptions
    from translate.output.writers import make_writer

    async with ends(source) as interrupt:
        output = Output(sys.stdout, interrupt.stop)
        if events:
            writer = make_writer("events", output.line, targets, clock)
            async for event in talk:
                writer.add(event)
        else:
            with TerminalCaptions(targets, clock, Console(file=output.file)) as captions:
                async for event in talk:
                    captions.add(event)
    if interrupt.is_hangup:
        output.abandon()  # nobody is there to be told
    else:
        output.check()
