"""``sottovoce file``: captions of a recording, or of raw audio on standard input."""

from __future__ import annotations

import asyncio
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from translate.cli.interrupt import ends
from translate.cli.options import Wanted, configured, languages_wanted
from translate.cli.output import Output
from translate.config import Config
from translate.errors import AudioError, ConfigError

if TYPE_CHECKING:
    from translate.audio import AudioSource
    from translate.events import Event
    from translate.inference import Engines

__all__ = ["file"]


@click.command(short_help="Caption a recording, or raw audio on standard input.")
@click.argument("path", metavar="PATH")
@languages_wanted
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "srt", "vtt", "json", "events"]),
    default="text",
    show_default=True,
    help="What to write; events: the wire events, a JSON message a line.",
)
@click.option("--pace", type=click.FloatRange(0, 10), default=0.0, show_default=True,
              help="1: as it was spoken; 0: as fast as it goes.")  # fmt: skip
@click.option("--rate", "rate_hz", type=click.IntRange(4000, 192_000), default=16_000, show_default=True,
              help="With PATH `-`: hertz.")  # fmt: skip
@click.option("--channels", type=click.IntRange(1, 8), default=1, show_default=True,
              help="With PATH `-`: channels, interleaved.")  # fmt: skip
@configured
def file(path: str, wanted: Wanted, form: str, pace: float, rate_hz: int, channels: int, config: Config) -> None:
    """Write captions of PATH, an audio or video file of any format; `-`: raw 16-bit PCM on standard input.

    \b
    sottovoce file talk.mp3 --from es                           what was said
    sottovoce file talk.mp3 --from es --to en --format srt      English subtitles
    sottovoce file talk.mp3 --from es --pace 1 --format events  what a live listener gets
    """
    from translate.audio import FileSource, PcmSource

    if math.isnan(pace):  # passes every comparison, that of the option's range too
        raise ConfigError("--pace must be a number from 0 to 10, not nan")
    if path == "-":
        if sys.stdin is None:
            raise AudioError("standard input is closed; pipe raw PCM into it")
        pcm = PcmSource(sys.stdin.buffer, rate_hz=rate_hz, channels=channels, config=config.audio)
        sys.exit(_run(pcm, None, wanted, form, config))
    source = FileSource(Path(path), pace=pace, config=config.audio)
    length_ms = source.probe()  # what cannot be read is refused before a model is loaded
    sys.exit(_run(source, length_ms, wanted, form, config))


def _run(source: AudioSource, length_ms: float | None, wanted: Wanted, form: str, config: Config) -> int:
    from translate.inference import Engines

    engines = Engines(config)  # before the event loop, which would keep Ctrl-C waiting until they are loaded
    try:
        return asyncio.run(_caption(source, length_ms, wanted, form, engines))
    finally:
        engines.close()


async def _caption(source: AudioSource, length_ms: float | None, wanted: Wanted, form: str, engines: Engines) -> int:
    """The exit status; interrupted, once what was heard until then has been written."""
    from translate.events import Lag, Notice, Transcript
    from translate.output.transcripts import recorded
    from translate.output.writers import make_writer, one_line
    from translate.pipeline.session import Session

    session = Session(
        source, spoken=wanted.spoken, targets=wanted.targets, allowed=wanted.allowed, engines=engines, mode=wanted.mode
    )
    transcripts = recorded(session, engines.config.transcripts, "file")
    heard = False
    errors = Output(sys.stderr)
    async with ends(source) as interrupt:
        output = Output(sys.stdout, interrupt.stop)
        writer = make_writer(form, output.line, wanted.targets, session.clock)
        with transcripts as talk, _Progress(length_ms, errors) as progress:
            try:
                async for event in talk:
                    writer.add(event)
                    progress.add(event)
                    heard = heard or (isinstance(event, Transcript) and bool(event.committed.strip()))
                    if isinstance(event, (Notice, Lag)):
                        errors.line(f"sottovoce: {one_line(event)}")
            finally:
                await session.aclose()
                writer.close()
    if not heard and not interrupt.exit_status:
        errors.line("sottovoce: no speech was found")
    errors.abandon()
    if interrupt.is_hangup:
        output.abandon()  # nobody is there to be told
    else:
        output.check()
    return interrupt.exit_status


class _Progress:
    """A bar on standard error, where that is a terminal and standard output is not."""

    def __init__(self, length_ms: float | None, errors: Output) -> None:
        from rich.console import Console
        from rich.progress import Progress

        wanted = _is_terminal(sys.stderr) and not _is_terminal(sys.stdout)
        self._bar = Progress(console=Console(file=errors.file, stderr=True), disable=not wanted)
        self._task = self._bar.add_task("captions", total=length_ms)

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, event: Event) -> None:
        """Move the bar to where ``event`` is in the recording."""
        from translate.events import Transcript

        if isinstance(event, Transcript):
            self._bar.update(self._task, completed=event.end_ms)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()
