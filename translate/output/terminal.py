"""Live captions in a terminal: finished segments scroll away above, the open one is redrawn below."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from translate.events import Event, Lag, Notice, SpeechSpan, Transcript, Translation
from translate.latency import SessionClock
from translate.output.collect import Caption, Collector
from translate.output.writers import one_line

__all__ = ["TerminalCaptions"]


class TerminalCaptions:
    """Draws the events of a session; a context manager. What may still change is dim and in italics.

    Args:
        targets: languages translated into.
        clock: of the session, for the latency line.
        console: where to draw; not a terminal (a pipe): finished lines only.
    """

    def __init__(self, targets: tuple[str, ...], clock: SessionClock, console: Console) -> None:
        self._collector = Collector(targets)
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
            self._console.print(self._lines(caption))

    def add(self, event: Event) -> None:
        """Show ``event``."""
        if isinstance(event, (Notice, Lag)):
            self._console.print(Text(one_line(event), style="yellow"))
        elif isinstance(event, SpeechSpan):
            self._speaking = event.state == "started"
        elif isinstance(event, (Transcript, Translation)):
            self._latency = self._latency_of(event) or self._latency
        for caption in self._collector.add(event):
            self._console.print(self._lines(caption))
        if self._console.is_terminal:
            captions = [self._lines(caption) for _, caption in sorted(self._collector.open.items())]
            self._live.update(Group(*captions, self._status()), refresh=True)

    def _lines(self, caption: Caption) -> Text:
        line = self._line(caption.transcript, "bold")
        for target in self._collector.targets:
            if target in caption.translations:
                line.append("\n")
                line.append(self._line(caption.translations[target], "cyan"))
        return line

    def _line(self, event: Transcript | Translation, style: str) -> Text:
        line = Text(f"{event.lang}  ", style="dim")
        line.append(event.committed, style=style)
        line.append(event.tail, style="dim italic")
        return line

    def _status(self) -> Text:
        state = "● listening" if self._speaking else "○ quiet"
        return Text(f"{state}   {self._latency}   Ctrl-C ends", style="dim")

    def _latency_of(self, event: Transcript | Translation) -> str:
        marks = event.marks
        if marks.capture is None or marks.asr_start is None or marks.asr_end is None:
            return ""
        parts = [f"wait {marks.asr_start - marks.capture:.0f}", f"recognise {marks.asr_end - marks.asr_start:.0f}"]
        if marks.mt_start is not None and marks.mt_end is not None:
            parts.append(f"translate {marks.mt_end - marks.mt_start:.0f}")
        behind = self._clock.now_ms() - marks.capture
        return f"newest sound to screen {behind:.0f} ms ({', '.join(parts)})"
