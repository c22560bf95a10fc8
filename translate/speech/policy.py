"""When recognised words are committed, which are dropped, and where a window is cut. Pure: values in, values out.

Committing follows AlignAtt (Papi et al. 2023, "AlignAtt: Using Attention-based Audio-Translation Alignments as a Guide
for Simultaneous Speech Translation"): a word may be committed when the audio it is aligned with ends well before the
audio does. LocalAgreement (Liu et al. 2020; Macháček et al. 2023) decides how much "well before" is: a word that two
hypotheses in a row agree on needs a smaller margin than one seen for the first time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from translate.speech.hypothesis import AlignedWord, Hypothesis, ends_sentence, is_punctuation, normalized
from translate.speech.loops import LONGEST_LOOP, is_loop

__all__ = [
    "CREDIBLE",
    "CommitPolicy",
    "committable",
    "committable_at_pause",
    "cut_after",
    "plausible",
    "sentence_end",
]

CREDIBLE = 0.33
"""Least mean word probability times probability of speech. Speech has 0.7 to 0.95, quiet or whispered speech 0.4 and
more, the babble of a café 0.15 to 0.33, whatever the language."""
_LOOPING_SILENCE = 0.4
"""Probability of no speech from which on a loop is due to noise; at speech, too, a decoder loops now and then."""
_SURE = 0.95
"""Probability of a word that is as good as never revised, however near to the end of the audio."""
_EARLY_S = 1.0


@dataclass(frozen=True, slots=True)
class CommitPolicy:
    """When a word is sure enough. Margins are seconds between the end of the word and the end of the audio."""

    agreed_s: float
    """For a sure word that the hypothesis before also had in this place."""
    fresh_s: float
    """For a sure word seen for the first time."""
    doubt: float = 0.0
    """Seconds added for each unit of probability that a word lacks to be sure (0.95)."""
    longest_s: float = 1.0
    """No margin is longer: what the model will not make up its mind about cannot hold up the rest."""
    early_s: float = 0.0
    """Added for a word within the first second of a window, which has been heard with little before it."""
    fresh_probability: float = 0.0
    """A word seen for the first time with less than this probability needs the longest margin."""

    def margin_s(self, word: AlignedWord, *, agreed: bool) -> float:
        """The margin that ``word`` needs."""
        if not agreed and word.probability < self.fresh_probability:
            return self.longest_s
        early_s = self.early_s if word.start_s < _EARLY_S else 0.0
        doubt_s = self.doubt * max(0.0, _SURE - word.probability)
        return min(self.longest_s, (self.agreed_s if agreed else self.fresh_s) + doubt_s + early_s)


def plausible(hypothesis: Hypothesis, audio_s: float, credible: float = CREDIBLE) -> tuple[AlignedWord, ...]:
    """The words that can have been said within ``audio_s`` seconds of audio.

    Drops words that begin past the audio, what follows the first round of a loop, and everything when the model doubts
    its words and that there is speech at all. None of it depends on the language or on lists of phrases.

    Args:
        credible: least mean word probability times probability of speech.
    """
    heard = hypothesis.words
    # Where a mark lies says nothing: it has no sound. It goes with the word before it.
    heard = heard[
        : next((i for i, w in enumerate(heard) if w.start_s > audio_s and not is_punctuation(w.text)), len(heard))
    ]
    kept = heard[: _before_loop(heard)]
    spoken = [word.probability for word in kept if not is_punctuation(word.text)]
    if not spoken or sum(spoken) / len(spoken) * (1 - hypothesis.no_speech_probability) < credible:
        return ()
    if len(kept) < len(heard) and hypothesis.no_speech_probability > _LOOPING_SILENCE:
        return ()
    return kept


def _before_loop(words: Sequence[AlignedWord]) -> int:
    """How many of ``words`` come before a loop repeats itself."""
    places = [i for i, word in enumerate(words) if not is_punctuation(word.text)]
    texts = [normalized(words[i].text) for i in places]
    for end in range(2, len(texts) + 1):
        for size in range(1, min(LONGEST_LOOP, end // 2) + 1):
            unit = texts[end - size : end]
            rounds = 1
            while texts[max(0, end - (rounds + 1) * size) : end - rounds * size] == unit:
                rounds += 1
            if is_loop(size, rounds):
                return places[end - (rounds - 1) * size]
    return len(words)


def committable(
    words: Sequence[AlignedWord], previous: Sequence[AlignedWord], audio_s: float, policy: CommitPolicy
) -> int:
    """How many of ``words`` may be committed now.

    Args:
        words: the plausible words after the committed ones.
        previous: what they were in the hypothesis before, less the words committed since.
        audio_s: length of the audio in the window, in seconds.

    Returns:
        A count that never ends in punctuation: a decoder that hears the audio end likes to close the sentence, and only
        the next word shows whether it was right.
    """
    count = 0
    agreed = True
    for i, word in enumerate(words):
        agreed = agreed and i < len(previous) and normalized(previous[i].text) == normalized(word.text)
        if is_punctuation(word.text):
            continue
        if word.end_s > audio_s - policy.margin_s(word, agreed=agreed):
            break
        count = i + 1
    return count


def committable_at_pause(words: Sequence[AlignedWord], least_probability: float) -> int:
    """How many of ``words`` may be committed when the speaker has paused after them, so that none is cut.

    Those from the first improbable one on wait: for the end of the span, or for what is said next and explains it. As
    in :func:`committable`, the count does not end in punctuation.
    """
    count = 0
    for i, word in enumerate(words):
        if not is_punctuation(word.text):
            if word.probability < least_probability:
                break
            count = i + 1
    return count


def sentence_end(words: Sequence[AlignedWord], count: int) -> int | None:
    """Where the first sentence among the ``count`` committable words ends, as a count; ``None``: nowhere.

    The sentence must be followed by a committable word, which shows that its mark is not due to the end of the audio.
    """
    for i in range(1, count):
        if is_punctuation(words[i - 1].text) and ends_sentence(words[i - 1].text) and not is_punctuation(words[i].text):
            return i
    return None


def cut_after(words: Sequence[AlignedWord], audio_s: float, keep_s: float) -> int | None:
    """After how many committed ``words`` of a full window to cut it, so that ``keep_s`` or more remain.

    The longest pause in the second half of what may go is taken, so that the cut lies in silence where there is any.
    """
    upto = [i for i, word in enumerate(words) if i and word.start_s <= audio_s - keep_s]
    if not upto:
        return None
    late = upto[len(upto) // 2 :]
    return max(late, key=lambda i: (round(words[i].start_s - words[i - 1].end_s, 2), i))
