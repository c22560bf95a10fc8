"""Streaming recognition of one session: audio in, segments with committed words and a tail out.

Blocking; a session calls it from a worker thread, one call at a time. A *segment* is a sentence, or what was said
between two pauses; the *window* is the audio that is decoded at each update, from the last cut to the newest sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from translate.config import AsrConfig
from translate.events import RATE_HZ, Samples, Word
from translate.speech.engine import MAX_WINDOW, EncodedAudio, RecognitionEngine
from translate.speech.hypothesis import AlignedWord, is_omission, is_punctuation, join
from translate.speech.matching import unsaid
from translate.speech.policy import (
    CommitPolicy,
    committable,
    committable_at_pause,
    cut_after,
    plausible,
    sentence_end,
)
from translate.speech.spoken import SpokenLanguage

__all__ = ["SegmentText", "StreamingRecognizer"]

_TOKENS_PER_S = 8
"""More tokens than this in a second are not speech; it bounds what a loop can cost."""
_SPARE_TOKENS = 8
_LONGEST_WINDOW_MS = 27_000
"""The encoder takes 30 s, and an update may bring some more."""


@dataclass(frozen=True, slots=True)
class SegmentText:
    """What is known of one segment after an update."""

    segment: int
    """Number of the segment in the session, from 0. A segment without text has the number of the one after it."""
    lang: str
    words: tuple[Word, ...]
    """All committed words and marks of the segment."""
    tail: str
    final: bool
    start: int
    """Position of the segment's first sample."""
    end: int
    """Position just past the newest sample it covers."""

    @property
    def committed(self) -> str:
        """The committed text."""
        return "".join(word.text for word in self.words)


class StreamingRecognizer:
    """Recognition state of one session.

    Args:
        engine: shared by all sessions.
        config: cadence, margins and window.
        language: code of the spoken language; ``None``: detected for each span of speech.
    """

    def __init__(self, engine: RecognitionEngine, config: AsrConfig, language: str | None) -> None:
        self._engine = engine
        self._config = config
        self._spoken = SpokenLanguage(engine, language, config.allowed_languages)
        self._policy = CommitPolicy(
            agreed_s=config.agreed_margin_ms / 1000,
            fresh_s=config.margin_ms / 1000,
            doubt=config.doubt_margin_ms / 1000,
            longest_s=config.longest_margin_ms / 1000,
            early_s=config.early_margin_ms / 1000,
            fresh_probability=config.sure_probability,
        )
        self._segment = 0
        self._has_text = False
        """Whether anything was given out under the number of the open segment."""
        self._reset(0)

    def _reset(self, position: int) -> None:
        self._audio: Samples = np.zeros(0, np.float32)
        self._window_start = position
        self._in_window: list[AlignedWord] = []
        """Committed words within the window."""
        self._context: list[int] = []
        """Tokens committed before the window."""
        self._previous: tuple[AlignedWord, ...] = ()
        self._words: list[Word] = []
        self._segment_start = position
        self._heard = position
        """Position up to which the last update listened."""

    @property
    def end(self) -> int:
        """Position just past the newest sample fed."""
        return self._window_start + len(self._audio)

    def begin(self, position: int) -> None:
        """Speech starts at ``position``: a new segment."""
        self._next_segment()
        self._spoken.next_span()
        self._reset(position)

    def feed(self, samples: Samples) -> None:
        """Append the next samples of the span."""
        self._audio = np.concatenate([self._audio, samples])
        over_s = (len(self._audio) - MAX_WINDOW) / RATE_HZ
        if over_s > 0:  # far behind: the oldest audio, which many updates have heard, has to go
            self._cut_window(sum(word.end_s <= over_s for word in self._in_window), over_s)

    def give_up(self, *, last: bool) -> list[SegmentText]:
        """Leave the window's audio out: no engine survives it. What was committed stands, and its segment is closed.

        Args:
            last: no more audio of the span will come.
        """
        closed = self._state("", final=True)
        if not last:
            self.begin(self.end)
        return [closed]

    def set_language(self, language: str | None) -> None:
        """Speech is in ``language`` (``None``: detected) from the next segment on."""
        self._spoken.set(language)

    def update(self, *, pause: bool = False) -> list[SegmentText]:
        """Decode the window and commit what is sure. The last of the result is the open segment.

        Args:
            pause: the speaker has paused at the end of the audio, so that every word in it is whole.
        """
        window = self._engine.encode(self._audio)
        self._heard = self.end
        self._hear_language(window, last=False)
        if self._spoken.code is None:
            return []
        words = self._decode(window, beam_size=self._config.beam_size)
        count = committable(words, self._previous, window.seconds, self._policy)
        if pause:
            count = max(count, committable_at_pause(words, self._config.pause_probability))
        closed, self._previous = self._settle(words, count)
        if len(self._audio) > self._config.window_ms * RATE_HZ // 1000:
            self._cut_full_window()
        return [*closed, self._state(join(self._previous), final=False)]

    def finish(self, position: int) -> list[SegmentText]:
        """Speech stopped at ``position``: commit the rest, decoded once more with a beam, and close the segment."""
        if self._heard >= position and not any(not is_punctuation(word.text) for word in self._previous):
            # The last update heard all of it, and left nothing open but perhaps the mark at the end.
            self._commit(self._previous)
            return [self._state("", final=True)]
        keep = max(0, position - self._window_start)
        self._audio = self._audio[: max(keep, RATE_HZ // 5)]
        window = self._engine.encode(self._audio)
        self._hear_language(window, last=True)
        words = self._decode(window, beam_size=self._config.final_beam_size) or self._previous
        closed, _ = self._settle(words, len(words))
        return [*closed, self._state("", final=True)]

    def _settle(self, words: tuple[AlignedWord, ...], count: int) -> tuple[list[SegmentText], tuple[AlignedWord, ...]]:
        """Commit the first ``count`` of ``words``; a sentence that ends among them closes its segment.

        Returns:
            The closed segments, and the words that are left.
        """
        closed = []
        while (upto := sentence_end(words, count)) is not None and self._worth_closing(words, upto):
            boundary_s = _boundary_s(words, upto)
            self._commit(words[:upto])
            closed.append(self._close(boundary_s))
            shift_s = self._cut_window(len(self._in_window), boundary_s)
            words = tuple(_shifted(word, -shift_s) for word in words[upto:])
            count -= upto
        self._commit(words[:count])
        if self._in_window and self._length_ms(self._in_window[-1].end_s) > self._config.max_segment_ms:
            closed.append(self._close(self._in_window[-1].end_s))
        return closed, words[count:]

    def _hear_language(self, window: EncodedAudio, *, last: bool) -> None:
        if self._spoken.hear(window, last=last):
            self._previous = ()
            self._context = []

    def _decode(self, window: EncodedAudio, *, beam_size: int) -> tuple[AlignedWord, ...]:
        assert self._spoken.code is not None  # callers detect first
        hypothesis = self._engine.decode(
            window,
            self._spoken.code,
            prompt=self._context,
            beam_size=beam_size,
            max_tokens=_SPARE_TOKENS + int(_TOKENS_PER_S * window.seconds),
        )
        words = plausible(hypothesis, window.seconds)
        # With nothing committed in this segment, the last committed word is of one that is closed.
        return unsaid(words, self._in_window, carry_on=bool(self._words))

    def _commit(self, words: Sequence[AlignedWord]) -> None:
        for word in words:
            if is_omission(word.text):  # it marks where the audio broke off, not what the speaker did
                word = replace(word, text=word.text.rstrip(".… "))
                if not word.text.strip():
                    continue
            self._in_window.append(word)
            self._words.append(
                Word(
                    text=word.text if self._words else _opening(word.text),
                    start_ms=self._ms(word.start_s),
                    end_ms=self._ms(word.end_s),
                    probability=round(word.probability, 3),
                )
            )

    def _ms(self, seconds: float) -> int:
        # The alignment of a last word may reach into the appended silence; no word ends after the sound does.
        return round((self._window_start + min(seconds * RATE_HZ, len(self._audio))) * 1000 / RATE_HZ)

    def _worth_closing(self, words: Sequence[AlignedWord], upto: int) -> bool:
        return self._length_ms(words[upto - 1].end_s) >= self._config.min_sentence_ms

    def _length_ms(self, upto_s: float) -> float:
        """Length of the open segment up to a place in the window."""
        return upto_s * 1000 + (self._window_start - self._segment_start) * 1000 / RATE_HZ

    def _close(self, at_s: float) -> SegmentText:
        """End the open segment at a place in the window; another begins there."""
        closed = self._state("", final=True, end=self._window_start + int(at_s * RATE_HZ))
        self._next_segment()
        self._words = []
        self._segment_start = closed.end
        self._spoken.next_sentence()
        return closed

    def _cut_window(self, count: int, at_s: float) -> float:
        """Drop the audio before ``at_s`` and the ``count`` committed words in it; they become context.

        Returns:
            By how much the window starts later, in seconds.
        """
        samples = min(max(0, int(at_s * RATE_HZ)), len(self._audio))
        shift_s = samples / RATE_HZ
        gone = [token for word in self._in_window[:count] for token in word.tokens]
        self._context = (self._context + gone)[-self._config.context_tokens :] if self._config.context_tokens else []
        self._in_window = [_shifted(word, -shift_s) for word in self._in_window[count:]]
        self._previous = tuple(_shifted(word, -shift_s) for word in self._previous)
        self._audio = self._audio[samples:]
        self._window_start += samples
        return shift_s

    def _cut_full_window(self) -> None:
        audio_s = len(self._audio) / RATE_HZ
        count = cut_after(self._in_window, audio_s, keep_s=self._config.keep_ms / 1000)
        if count is not None:
            before, after = self._in_window[count - 1], self._in_window[count]
            self._cut_window(count, (before.end_s + after.start_s) / 2)
        elif audio_s * 1000 > min(3 * self._config.window_ms, _LONGEST_WINDOW_MS) or not (
            self._in_window or self._previous
        ):
            # Nothing could be committed for so long: noise that the detector takes for speech. Let it go.
            self._cut_window(len(self._in_window), audio_s - self._config.keep_ms / 1000)

    def _next_segment(self) -> None:
        """Another segment is open. One without any text leaves its number to it."""
        self._segment += self._has_text
        self._has_text = False

    def _state(self, tail: str, *, final: bool, end: int | None = None) -> SegmentText:
        self._has_text = self._has_text or bool(self._words or tail)
        return SegmentText(
            segment=self._segment,
            lang=self._spoken.code or "und",
            words=tuple(self._words),
            tail=tail if self._words else _opening(tail),
            final=final,
            start=self._segment_start,
            end=self.end if end is None else end,
        )


def _boundary_s(words: Sequence[AlignedWord], upto: int) -> float:
    """The middle of the pause between the last spoken word before ``upto`` and the word after it."""
    spoken_end_s = next((w.end_s for w in reversed(words[: upto - 1])), words[upto - 1].start_s)
    return (min(spoken_end_s, words[upto].start_s) + words[upto].start_s) / 2


def _shifted(word: AlignedWord, by_s: float) -> AlignedWord:
    return replace(word, start_s=max(0.0, word.start_s + by_s), end_s=max(0.0, word.end_s + by_s))


def _opening(text: str) -> str:
    """``text`` as the beginning of a segment: a decoder that has heard little does not know that a sentence starts."""
    text = text.lstrip()
    return text[:1].upper() + text[1:]
