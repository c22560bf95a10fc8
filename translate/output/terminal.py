"""Live captions in a terminal: finished segments scroll away above, the open one is redrawn below."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from translate.events import Event, Lag, Notice, SpeechSpan, Transcript, Translation
from translate.latency import SessionClock
from translate.output.collect import Caption, Collector
from translate.output.printable import printable
from translate.output.writers import one_line

__all__ = ["TerminalCaptions"]

_MOST_OPEN = 8
"""Segments redrawn below; one that waits for its translation longer than this scrolls away without it."""


class TerminalCaptions:
    """Draws the events of a session; a context manager. What may still change is dim and in italics.

    Args:
        targets: languages translated into.
        clock: of the session, for the latency line.
        console: where to draw; not a terminal (a pipe): finished lines only.
    """

    def __init__(self, targets: tuple[str, ...], clock: SessionClock, console: Console) -> None:
        self._collector = Collector(targets, _MOST_OPEN)
        self._clock = clock
        self._console = console
        self._speaking = False
        self._latency = ""
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()
        for caption in self._collector.rest():
            self._finished(caption)

    def add(self, event: Event) -> None:
        """Show ``event``."""
        if isinstance(event, (Notice, Lag)):
            self._console.print(Text(printable(one_line(event)), style="yellow"))
        elif isinstance(event, SpeechSpan):
            self._speaking = event.state == "started"
        elif isinstance(event, (Transcript, Translation)):
            self._latency = self._latency_of(event) or self._latency
        for caption in self._collector.add(event):
            self._finished(caption)
        if self._console.is_terminal:
            captions = [self._lines(caption) for _, caption in sorted(self._collector.open.items())]
            self._live.update(_Newest(Group(*captions, self._status())), refresh=True)

    def _finished(self, caption: Caption) -> None:
        # A pipe has no width, that of a dumb terminal is not known, and in a single column a wide letter has no place.
        wraps = self._console.is_terminal and not self._console.is_dumb_terminal and self._console.width > 1
        self._console.print(self._lines(caption), soft_wrap=not wraps)

    def _lines(self, caption: Caption) -> Text:
        line = self._line(caption.transcript, "bold")
        for target in self._collector.targets:
            if target in caption.translations:
                line.append("\n")
                line.append(self._line(caption.translations[target], "cyan"))
        return line

    def _line(self, event: Transcript | Translation, style: str) -> Text:
        line = Text().append(f"{event.lang}  ", style="dim")
        line.append(printable(event.committed), style=style)
        line.append(printable(event.tail), style="dim italic")
        return line

    def _status(self) -> Text:
        state = "● listening" if self._speaking else "○ quiet"
        # One line, however narrow the screen: captions above one that wraps now and then would jump.
        line = f"{state}   Ctrl-C ends   {self._latency}".rstrip()
        return Text(line, style="dim", no_wrap=True, overflow="ellipsis")

    def _latency_of(self, event: Transcript | Translation) -> str:
        marks = event.marks
        if marks.capture is None or marks.asr_start is None or marks.asr_end is None:
            return ""
        parts = [f"wait {marks.asr_start - marks.capture:.0f}", f"recognise {marks.asr_end - marks.asr_start:.0f}"]
        if marks.mt_start is not None and marks.mt_end is not None:
            parts.append(f"translate {marks.mt_end - marks.mt_start:.0f}")
        behind = self._clock.now_ms() - marks.capture
        return f"newest sound to screen {behind:.0f} ms ({', '.join(parts)})"


class _Newest:
    """The last lines of ``content``, as many as the screen is high: what was said last must not be what is cut off."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._content, options.update(height=None), pad=False)
        for line in lines[-max(1, options.size.height - 1) :]:
            yield from line
            yield Segment.line()
