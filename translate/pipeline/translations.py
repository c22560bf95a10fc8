"""The translation stage of a session: one worker for each target language, and the tasks that they run in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from translate.config import Config
from translate.events import Translation
from translate.inference import Engines
from translate.latency import SessionClock
from translate.modes import Mode
from translate.pipeline.direct import SharedEnglish
from translate.pipeline.outlet import Outlet
from translate.pipeline.recognition import Heard
from translate.pipeline.translation import TranslationState, TranslationWorker

__all__ = ["TranslationStage"]


class TranslationStage:
    """Owns the workers of a session and their tasks, from ``async with`` to the end of the block.

    A block that ends well lets every language say its last; one that ends with an exception cancels them. A worker
    that fails ends its language alone. Belongs to one event loop.

    Args:
        targets: the languages at the start.
        mode: asked before every step of a worker.
        spoken: asked when a worker starts; ``None``: the language is being detected.
        waits: whether recognition may wait for a language that is behind (a file), or not (live speech).
    """

    def __init__(
        self,
        targets: tuple[str, ...],
        engines: Engines,
        config: Config,
        *,
        clock: SessionClock,
        outlet: Outlet,
        mode: Callable[[], Mode],
        spoken: Callable[[], str | None],
        waits: bool,
    ) -> None:
        self.targets = targets
        """The languages that it translates into now."""
        self._engines = engines
        self._config = config
        self._clock = clock
        self._outlet = outlet
        self._mode = mode
        self._spoken = spoken
        self._waits = waits
        self._english = SharedEnglish(engines, config)
        self._workers: dict[str, TranslationWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._previous: dict[str, Translation] = {}
        """What a language said last before it was stopped; it may come back in the same segment."""
        self._group: asyncio.TaskGroup | None = None
        """Set while there is text to come."""

    @property
    def states(self) -> Mapping[str, TranslationState]:
        """The state of each target language that has been started."""
        return {code: worker.state for code, worker in self._workers.items()}

    async def __aenter__(self) -> Self:
        self._open = asyncio.TaskGroup()
        self._group = await self._open.__aenter__()
        self.set_targets(self.targets)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group = None
        for worker in self._workers.values():
            worker.mailbox.finish()
        await self._open.__aexit__(kind, error, trace)

    def set_targets(self, targets: tuple[str, ...]) -> None:
        """Translate into ``targets`` (canonical codes) from the next revision on.

        A language that is no longer wanted ends at once. One that has failed is tried again.
        """
        self.targets = targets
        for code, worker in tuple(self._workers.items()):
            if code not in targets or worker.state == "failed":
                self._stop(code)
        if self._group is not None:  # else it has not begun, or no more text will come
            for code in targets:
                if code not in self._workers:
                    self._start(code, self._group)

    async def share(self, heard: Heard) -> None:
        """Hand a transcript to every language."""
        for worker in tuple(self._workers.values()):
            await worker.mailbox.put(heard)

    def _start(self, code: str, group: asyncio.TaskGroup) -> None:
        worker = TranslationWorker(
            code,
            self._engines,
            self._config,
            clock=self._clock,
            outlet=self._outlet,
            english=self._english,
            mode=self._mode,
            spoken=self._spoken(),
            waits=self._waits,
            previous=self._previous.pop(code, None),
        )
        self._workers[code] = worker
        self._tasks[code] = group.create_task(worker.run(), name=f"translation into {code}")

    def _stop(self, code: str) -> None:
        worker = self._workers.pop(code)
        worker.mailbox.close()  # recognition may be waiting for room in it
        self._tasks.pop(code).cancel()
        if worker.last is not None:
            self._previous[code] = worker.last
