"""The translation stage of a session: one worker for each target language, none of which can delay another."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from translate.config import Config
from translate.errors import LanguageError, SottovoceError
from translate.events import Lag, Marks, Notice, Transcript, Translation
from translate.inference import Engines, WorkerError
from translate.languages import english_name
from translate.latency import SessionClock
from translate.pipeline.direct import SharedEnglish
from translate.pipeline.outlet import Outlet
from translate.pipeline.recognition import Heard
from translate.translation import Draft, IncrementalTranslator, Mode, Route

__all__ = ["Mailbox", "TranslationWorker"]

_log = logging.getLogger(__name__)


class Mailbox:
    """The newest revision of each segment that waits, oldest segment first; at most ``limit`` segments.

    Only what is superseded is dropped: the newest revision of a segment says all that the ones before it said.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: OrderedDict[int, Heard] = OrderedDict()
        self._changed = asyncio.Condition()
        self._closed = False

    async def put(self, heard: Heard) -> None:
        """Leave ``heard`` in place of an earlier revision of its segment; waits while the box is full."""
        segment = heard.transcript.segment
        async with self._changed:
            await self._changed.wait_for(
                lambda: self._closed or segment in self._waiting or len(self._waiting) < self._limit
            )
            if not self._closed:
                self._waiting[segment] = heard
                self._changed.notify_all()

    async def close(self) -> None:
        """Take nothing more; what waits is still handed out."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()

    async def get(self) -> Heard | None:
        """The revision to work on next; ``None`` when closed and empty."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            if not self._waiting:
                return None
            self._changed.notify_all()
            return self._waiting.popitem(last=False)[1]


class TranslationWorker:
    """Translates what one session hears into one language.

    Args:
        english: Whisper's own, shared by the session's workers.
        mode: asked before every step, since it can change during the session.
        spoken: the language that will be spoken, if that is known: its model is made ready before the first word.
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
    ) -> None:
        self.target = target
        self.mailbox = Mailbox(config.limits.events)
        self._engines = engines
        self._config = config
        self._clock = clock
        self._outlet = outlet
        self._english = english
        self._mode = mode
        self._spoken = spoken
        self._ways: dict[str, _Way | None] = {}
        self._last: Translation | None = None
        self._lagging = False

    async def run(self) -> None:
        """Translate until the mailbox is closed and empty. A model that fails ends this language, not the session."""
        try:
            if self._spoken is not None and (way := await self._way(self._spoken)) is not None:
                await way.warm_up()
            while (heard := await self.mailbox.get()) is not None:
                way = await self._way(heard.transcript.lang)
                if way is not None:
                    await self._translate(way, heard)
        except (SottovoceError, RuntimeError) as error:  # RuntimeError: CTranslate2 raises nothing more precise
            _log.error("translation into %s stopped: %s", self.target, error)
            await self.mailbox.close()
            code = error.code if isinstance(error, SottovoceError) else "engine"
            message = f"translation into {english_name(self.target)} stopped: {error}"
            await self._outlet.put(Notice(code, message, retryable=False, lang=self.target))

    async def _way(self, lang: str) -> _Way | None:
        if lang not in self._ways:
            try:
                self._ways[lang] = _Way(
                    self._engines, self._config, self._engines.route(lang, self.target), self._english
                )
            except LanguageError as error:
                self._ways[lang] = None
                await self._outlet.put(Notice(error.code, str(error), retryable=False, lang=self.target))
        return self._ways[lang]

    async def _translate(self, way: _Way, heard: Heard) -> None:
        transcript = heard.transcript
        if not way.worth_a_step(heard):
            return
        started_ms = self._clock.now_ms()
        await self._report_lag(transcript, started_ms)
        try:
            draft: Draft | None = await way.step(heard, self._mode())
        except WorkerError as error:  # the next step is likely to go well again
            draft = self._unchanged(transcript)
            message = f"a translation into {english_name(self.target)} is missing: {error}"
            await self._outlet.put(Notice(error.code, message, error.retryable, self.target))
        if draft is None:
            return
        marks = replace(transcript.marks, mt_start=started_ms, mt_end=self._clock.now_ms())
        translation = self._numbered(transcript, draft, marks)
        if translation is not None:
            await self._outlet.put(translation)

    def _unchanged(self, transcript: Transcript) -> Draft:
        last = self._last if self._last is not None and self._last.segment == transcript.segment else None
        return Draft(last.committed if last is not None else "", "", transcript.final, transcript.rev)

    def _numbered(self, transcript: Transcript, draft: Draft, marks: Marks) -> Translation | None:
        last = self._last if self._last is not None and self._last.segment == transcript.segment else None
        if not draft.final:
            shown = (last.committed, last.tail) if last is not None else ("", "")
            if shown == (draft.committed, draft.tail):
                return None
        self._last = Translation(
            segment=transcript.segment,
            rev=last.rev + 1 if last is not None else 1,
            lang=self.target,
            committed=draft.committed,
            tail=draft.tail,
            final=draft.final,
            source_rev=draft.source_rev,
            marks=marks,
        )
        return self._last

    async def _report_lag(self, transcript: Transcript, now_ms: float) -> None:
        behind_ms = round(now_ms - (transcript.marks.asr_end or now_ms))
        lagging = behind_ms > self._config.limits.lag_ms
        if lagging or self._lagging:
            await self._outlet.put(Lag("translation", behind_ms if lagging else 0, self.target))
        self._lagging = lagging


class _Way:
    """How one spoken language gets to one target: through translation models, Whisper itself, or unchanged.

    Where no model knows the spoken language, Whisper's translate task puts the speech into English, and a model that.
    """

    def __init__(self, engines: Engines, config: Config, route: Route, english: SharedEnglish) -> None:
        text = route.of_text
        self._direct_turns, self._text_turns = engines.turns(route), engines.turns(text or route)
        self._english = english if route.kind == "whisper" else None
        self._seen = (-1, 0)
        """Segment and revision of the English that was taken last."""
        self._text = (
            IncrementalTranslator(text, text.source, text.target, config.mt, glossary=engines.glossary)
            if text is not None
            else None
        )

    def worth_a_step(self, heard: Heard) -> bool:
        """Whether this revision should be worked on at all."""
        segment, rev = self._seen
        seen_rev = rev if segment == heard.transcript.segment else 0
        return self._english is None or self._english.worth_a_step(heard.transcript, seen_rev)

    async def warm_up(self) -> None:
        """Load the models of text: nobody should wait for that in mid-sentence."""
        if self._text is not None:
            await self._text_turns.run(self._text.warm_up)

    async def step(self, heard: Heard, mode: Mode) -> Draft | None:
        """The translation of one revision; ``None``: there will be one of a later revision soon."""
        transcript = heard.transcript
        if self._english is not None:
            draft = await self._english.step(transcript, heard.audio, mode, self._direct_turns)
            if draft is not None:
                self._seen = (transcript.segment, draft.source_rev)
            if draft is None or self._text is None:
                return draft
            transcript = replace(
                transcript,
                rev=draft.source_rev,
                lang="en",
                committed=draft.committed,
                tail=draft.tail,
                final=draft.final,
                words=(),
            )
        if self._text is not None:
            text = self._text
            text.mode = mode
            return await self._text_turns.run(lambda: text.step(transcript))
        tail = transcript.tail if mode == "fast" else ""
        return Draft(transcript.committed, tail, transcript.final, transcript.rev)
