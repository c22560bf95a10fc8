"""Translation of one session into one language: a task of its own that no other language waits for."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from translate.config import Config
from translate.errors import LanguageError, SottovoceError
from translate.events import Lag, Marks, Notice, Transcript, Translation
from translate.inference import Engines, WorkerError
from translate.languages import english_name
from translate.latency import SessionClock
from translate.modes import Mode
from translate.pipeline.direct import SharedEnglish
from translate.pipeline.mailbox import Mailbox
from translate.pipeline.outlet import Outlet
from translate.pipeline.recognition import Heard
from translate.pipeline.routed import RoutedTranslation
from translate.translation import Draft

__all__ = ["TranslationState", "TranslationWorker"]

TranslationState = Literal["running", "failed", "closed"]
"""``failed``: an engine or a fault ended the language, which a notice says; ``closed``: it has said its last, or is
no longer wanted."""

_log = logging.getLogger(__name__)


class TranslationWorker:
    """Translates what one session hears into one language.

    Args:
        english: Whisper's own, shared by the session's workers.
        mode: asked before every step, since it can change during the session.
        spoken: the language that will be spoken, if that is known: its model is made ready before the first word.
        waits: whether a full mailbox makes recognition wait; see :class:`Mailbox`.
        previous: what an earlier worker of this session and language said last: its segment goes on from there.
    """

    def __init__(
        self,
        target: str,
        engines: Engines,
        config: Config,
        *,
        clock: SessionClock,
        outlet: Outlet,
        english: SharedEnglish,
        mode: Callable[[], Mode],
        spoken: str | None = None,
        waits: bool = False,
        previous: Translation | None = None,
    ) -> None:
        self.target = target
        self.mailbox = Mailbox(config.limits.events, waits=waits)
        self.state: TranslationState = "running"
        self._engines = engines
        self._config = config
        self._clock = clock
        self._outlet = outlet
        self._english = english
        self._mode = mode
        self._spoken = spoken
        self._routed: dict[str, RoutedTranslation | None] = {}
        self.last = previous
        """What it has said last."""
        self._taken_over = previous.segment if previous is not None and not previous.final else -1
        """A segment that an earlier worker began; only its final is translated here."""
        self._lagging = False

    async def run(self) -> None:
        """Translate until the mailbox is finished and empty. What fails ends this language, never the session."""
        try:
            await self._work()
            self.state = "closed"
        except asyncio.CancelledError:
            self.state = "closed"
            raise
        except Exception as error:
            self.state = "failed"
            self.mailbox.close()
            await self._outlet.put(self._failure(error))

    async def _work(self) -> None:
        if self._spoken is not None and (routed := await self._from(self._spoken)) is not None:
            try:
                await routed.warm_up()
            except WorkerError as error:  # nothing is missing yet
                _log.warning("the model for %s was not made ready: %s", english_name(self.target), error)
        while (heard := await self.mailbox.get()) is not None:
            await self._close_skipped()
            routed = await self._from(heard.transcript.lang)
            if routed is not None:
                await self._translate(routed, heard)
        await self._close_skipped()

    def _failure(self, error: Exception) -> Notice:
        stopped = f"translation into {english_name(self.target)} stopped"
        if isinstance(error, SottovoceError | RuntimeError):  # RuntimeError: CTranslate2 raises nothing more precise
            _log.error("%s: %s", stopped, error)
            code = error.code if isinstance(error, SottovoceError) else "engine"
            return Notice(code, f"{stopped}: {error}", retryable=False, lang=self.target)
        # A fault of this program. Its message may quote what was said, which no log may hold.
        where = "".join(traceback.format_tb(error.__traceback__))
        _log.error("%s: %s\n%s", stopped, type(error).__name__, where)
        message = f"{stopped}: internal error ({type(error).__name__}); choose the language again to go on"
        return Notice("internal", message, retryable=False, lang=self.target)

    async def _from(self, lang: str) -> RoutedTranslation | None:
        if lang not in self._routed:
            try:
                route = self._engines.route(lang, self.target)
                self._routed[lang] = RoutedTranslation(self._engines, self._config, route, self._english)
            except LanguageError as error:
                self._routed[lang] = None
                await self._outlet.put(Notice(error.code, str(error), retryable=False, lang=self.target))
        return self._routed[lang]

    async def _close_skipped(self) -> None:
        """Give a final to each segment that was skipped because this language is too far behind."""
        skipped = self.mailbox.take_skipped()
        if not skipped:
            return
        count = f"{len(skipped)} segment{'s' if len(skipped) > 1 else ''}"
        message = f"{count} of the translation into {english_name(self.target)} left out: it cannot keep up"
        _log.warning("%s", message)
        await self._outlet.put(Notice("behind", message, lang=self.target))
        for transcript in skipped:
            await self._put(transcript, self._shown(transcript), transcript.marks)

    async def _translate(self, routed: RoutedTranslation, heard: Heard) -> None:
        transcript = heard.transcript
        taken_over = transcript.segment == self._taken_over
        if not routed.worth_a_step(heard) or (taken_over and not transcript.final):
            return
        started_ms = self._clock.now_ms()
        await self._report_lag(transcript, started_ms)
        try:
            draft: Draft | None = await routed.step(heard, self._mode())
        except WorkerError as error:  # the next step is likely to go well again
            draft = self._shown(transcript)
            message = f"a translation into {english_name(self.target)} is missing: {error}"
            await self._outlet.put(Notice(error.code, message, error.retryable, self.target))
        if draft is not None and taken_over and not self._goes_on(draft):
            draft = self._shown(transcript)
        if draft is not None:
            marks = replace(transcript.marks, mt_start=started_ms, mt_end=self._clock.now_ms())
            await self._put(transcript, draft, marks)

    def _goes_on(self, draft: Draft) -> bool:
        return self.last is None or draft.committed.startswith(self.last.committed)

    def _shown(self, transcript: Transcript) -> Draft:
        """What readers see of a segment, as the translation of ``transcript``: the best there is without a model."""
        last = self._last_of(transcript.segment)
        committed, tail = (last.committed, last.tail) if last is not None else ("", "")
        if transcript.final:
            committed, tail = committed + tail, ""
        return Draft(committed, tail, transcript.final, transcript.rev)

    async def _put(self, transcript: Transcript, draft: Draft, marks: Marks) -> None:
        last = self._last_of(transcript.segment)
        if not draft.final:
            shown = (last.committed, last.tail) if last is not None else ("", "")
            if shown == (draft.committed, draft.tail):
                return
        translation = Translation(
            segment=transcript.segment,
            rev=last.rev + 1 if last is not None else 1,
            lang=self.target,
            committed=draft.committed,
            tail=draft.tail,
            final=draft.final,
            source_rev=draft.source_rev,
            marks=marks,
        )
        await self._outlet.put(translation)
        self.last = translation  # not before: whoever is stopped while it waits has not said it

    def _last_of(self, segment: int) -> Translation | None:
        return self.last if self.last is not None and self.last.segment == segment else None

    async def _report_lag(self, transcript: Transcript, now_ms: float) -> None:
        behind_ms = round(now_ms - (transcript.marks.asr_end or now_ms))
        lagging = behind_ms > self._config.limits.lag_ms
        if lagging or self._lagging:
            await self._outlet.put(Lag("translation", behind_ms if lagging else 0, self.target))
        self._lagging = lagging
