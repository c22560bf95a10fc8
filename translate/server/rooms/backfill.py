"""Translation of finished segments into languages that nobody read when they were spoken."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from translate.errors import SottovoceError
from translate.events import Transcript, Translation
from translate.protocol import ReplayLog, TextEvent, text_key
from translate.server.backend import Backend
from translate.tasks import Supervisor

__all__ = ["Backfill"]

log = logging.getLogger(__name__)


class Backfill:
    """Translates finished segments of a room's log into the languages that are read, newest first, one at a time each.

    What is being said goes first: it takes the same turns at the models, and this asks for one turn at a time.

    Args:
        backend: translates.
        texts: the room's log.
        publish: called with each translation.
        most: how many segments it goes back.
        tasks: owner of its tasks.
    """

    def __init__(
        self,
        backend: Backend,
        texts: ReplayLog,
        publish: Callable[[TextEvent], None],
        most: int,
        tasks: Supervisor,
    ) -> None:
        self._backend = backend
        self._log = texts
        self._publish = publish
        self._most = most
        self._supervisor = tasks
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._first_live: dict[str, int] = {}
        """By language, the first segment that the session translated by itself since it was asked for."""

    def serve(self, languages: Iterable[str]) -> None:
        """``languages`` are read now; others no longer."""
        wanted = set(languages)
        for lang in set(self._first_live) - wanted:
            del self._first_live[lang]
            self._stop(lang)
        for lang in sorted(wanted - set(self._first_live)):
            self._first_live[lang] = -1
            self._start(lang)

    def translated(self, text: Translation) -> None:
        """The session has translated ``text``; once it has begun with a language, what lies before is looked at again.

        Between the asking and the beginning, segments may have ended that neither side had known of.
        """
        if self._first_live.get(text.lang) == -1 and text.marks.mt_end is not None:
            self._first_live[text.lang] = text.segment
            self._start(text.lang)

    def _start(self, lang: str) -> None:
        if self._most and lang not in self._tasks and self._missing(lang, set()) is not None:
            task = self._tasks[lang] = self._supervisor.start(self._run(lang), f"backfill {lang}")
            task.add_done_callback(lambda done: self._tasks.pop(lang) if self._tasks.get(lang) is done else None)

    def _stop(self, lang: str) -> None:
        task = self._tasks.pop(lang, None)
        if task is not None:
            self._supervisor.stop(task)

    async def _run(self, lang: str) -> None:
        tried: set[int] = set()
        while (transcript := self._missing(lang, tried)) is not None:
            tried.add(transcript.segment)
            try:
                text = await self._backend.translate_final(transcript, lang)
            except SottovoceError as error:  # said once by the session, if it is something to say
                log.info("no translation of what was said before into %s: %s", lang, error.code)
                return
            except Exception:
                log.exception("translation of what was said before into %s failed", lang)
                return
            text = _continued(self._begun(transcript, lang), text)
            self._publish(Translation(transcript.segment, 1, lang, text, "", True, transcript.rev))

    def _begun(self, transcript: Transcript, lang: str) -> str:
        """What was committed of the translation before its last reader left."""
        known = self._log.newest(text_key(Translation(transcript.segment, 0, lang, "", "", False, 0)))
        return known.committed if known is not None else ""

    def _missing(self, lang: str, tried: set[int]) -> Transcript | None:
        """The newest finished segment whose translation into ``lang`` the session has not finished and will not."""
        finals = [text for text in self._log.latest() if isinstance(text, Transcript) and text.final]
        first_live = self._first_live.get(lang, -1)
        for transcript in reversed(finals[-self._most :]):
            known = self._log.newest(text_key(Translation(transcript.segment, 0, lang, "", "", False, 0)))
            is_done = known is not None and known.final
            is_open = first_live >= 0 and transcript.segment >= first_live
            if not (is_open or is_done or transcript.segment in tried or transcript.lang == lang):
                return transcript
        return None


def _continued(begun: str, text: str) -> str:
    """``text``, or what goes on from ``begun``, which somebody has read and stands: from the same word on."""
    if text.startswith(begun):
        return text
    rest = text.split()[len(begun.split()) :]
    return " ".join([begun.rstrip(), *rest])
