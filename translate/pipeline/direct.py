"""Direct mode: Whisper's own ``translate`` task, any language to English, where no translation model is installed."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict

from translate.config import Config
from translate.events import RATE_HZ, Samples, Transcript
from translate.inference import Engines, Turns
from translate.modes import CALM, Mode
from translate.speech.engine import RecognitionEngine
from translate.speech.hypothesis import join
from translate.speech.policy import CREDIBLE, plausible
from translate.translation import Draft

__all__ = ["DirectTranslator", "SharedEnglish"]

_TAIL_EVERY_MS = 1500
_TAIL_SHARE = 0.2
"""A tail costs as much as an update of the transcript and takes its turn from it: tails get this share of the time."""
_TOKENS_PER_S = 8
_SPARE_TOKENS = 8
_SEGMENTS = 32
"""Segments whose English is kept for readers of other languages, which may be some sentences behind."""


class DirectTranslator:
    """Translates the audio of segments to English. Committed when the segment is final, since the task sees no text.

    Args:
        engine: a multilingual Whisper.
        source: the language spoken.
    """

    def __init__(self, engine: RecognitionEngine, config: Config, source: str) -> None:
        self._engine = engine
        self._beam_size = config.asr.final_beam_size
        self._source = source
        self._shown = (-1, 0)
        """The segment whose tail was translated last, and the place in the stream up to which it was."""
        self._took_ms = 0.0
        """How long the last step took."""

    def worth_a_step(self, transcript: Transcript) -> bool:
        """Whether enough was said since the last tail."""
        segment, end_ms = self._shown
        since_ms = transcript.end_ms - (end_ms if segment == transcript.segment else transcript.start_ms)
        return transcript.final or since_ms >= max(_TAIL_EVERY_MS, self._took_ms / _TAIL_SHARE)

    def step(self, transcript: Transcript, audio: Samples, mode: Mode) -> Draft:
        """Translate one revision; ``audio`` is that of its segment. Blocks."""
        self._shown = (transcript.segment, transcript.end_ms)
        if transcript.final and not transcript.committed:
            return Draft("", "", True, transcript.rev)
        if not transcript.final and mode == CALM:
            return Draft("", "", False, transcript.rev)
        started_s = time.monotonic()
        window = self._engine.encode(audio)
        hypothesis = self._engine.decode(
            window,
            self._source,
            task="translate",
            beam_size=self._beam_size if transcript.final else 1,
            max_tokens=_SPARE_TOKENS + int(_TOKENS_PER_S * len(audio) / RATE_HZ),
        )
        self._took_ms = (time.monotonic() - started_s) * 1000
        text = join(plausible(hypothesis, window.seconds, credible=CREDIBLE / 2)).strip()
        return Draft(text, "", True, transcript.rev) if transcript.final else Draft("", text, False, transcript.rev)


class SharedEnglish:
    """Whisper's English of what one session hears, worked out once however many languages are made from it.

    Belongs to one event loop.
    """

    def __init__(self, engines: Engines, config: Config) -> None:
        self._engines = engines
        self._config = config
        self._translators: dict[str, DirectTranslator] = {}
        self._drafts: OrderedDict[int, Draft] = OrderedDict()
        """The newest of each segment."""
        self._working = asyncio.Lock()

    def worth_a_step(self, transcript: Transcript, seen_rev: int) -> bool:
        """Whether there is, or is worth to be made, something newer for a reader that has seen ``seen_rev``."""
        known = self._drafts.get(transcript.segment)
        return (known is not None and known.source_rev > seen_rev) or self._is_due(transcript)

    async def step(self, transcript: Transcript, audio: Samples, mode: Mode, turns: Turns) -> Draft | None:
        """The newest English of a segment, of this revision or a later one, or of one shortly before.

        ``None``: the segment is final by now, and so will be the reader's next step.
        """
        async with self._working:
            known = self._drafts.get(transcript.segment)
            if known is not None and known.final:
                return known if transcript.final else None
            if known is None or (known.source_rev < transcript.rev and self._is_due(transcript)):
                direct = self._translator(transcript.lang)
                known = await turns.run(lambda: direct.step(transcript, audio, mode))
                self._drafts[transcript.segment] = known
                if len(self._drafts) > _SEGMENTS:
                    self._drafts.popitem(last=False)
            return known

    def _is_due(self, transcript: Transcript) -> bool:
        return self._translator(transcript.lang).worth_a_step(transcript)

    def _translator(self, lang: str) -> DirectTranslator:
        if lang not in self._translators:
            self._translators[lang] = DirectTranslator(self._engines.recognition, self._config, lang)
        return self._translators[lang]
