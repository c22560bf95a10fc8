"""One spoken language on its way to one target, through whatever models the route has."""

from __future__ import annotations

from dataclasses import replace

from translate.config import Config
from translate.inference import Engines
from translate.modes import FAST, Mode
from translate.pipeline.direct import SharedEnglish
from translate.pipeline.recognition import Heard
from translate.translation import Draft, IncrementalTranslator, Route

__all__ = ["RoutedTranslation"]


class RoutedTranslation:
    """Translates from one spoken language into one target: with translation models, with Whisper, or unchanged.

    Where no model knows the spoken language, Whisper's translate task puts the speech into English, and a model that.

    Args:
        route: from the spoken language to the target.
        english: Whisper's own English, shared by all languages of a session.
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
        tail = transcript.tail if mode == FAST else ""
        return Draft(transcript.committed, tail, transcript.final, transcript.rev)
