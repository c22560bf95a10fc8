"""The recognition engine: CTranslate2 Whisper on short windows, shared by all sessions.

Whisper was trained on 30 s of audio, and every other streaming server encodes 30 s for each update. The CTranslate2
encoder accepts fewer mel frames, and a window of 5 s costs a tenth of one of 30 s. Cut where the audio ends, however,
the decoder tends to loop or to invent; appended silence and timestamps cure that (see ``AsrConfig.pad_ms``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from translate.config import AsrConfig
from translate.errors import LanguageError, ModelDamaged
from translate.events import RATE_HZ, Samples
from translate.languages import is_spaced
from translate.speech.engine import MAX_WINDOW, Task
from translate.speech.hypothesis import AlignedWord, Hypothesis, is_punctuation
from translate.speech.threads import lanes_of

__all__ = ["MAX_WINDOW", "WhisperEngine", "Window"]

_FRAME_SAMPLES = 160
_TOKEN_S = 0.02
"""One timestamp token, and one step of the encoder's output, is 20 ms."""
_WELL_HEARD = frozenset(
    "ar ca cs da de el en es fi fr he hu id it ja ko ms nl no pl pt ro ru sv th tr uk vi zh".split()  # noqa: SIM905
)
_PROMPT_TOKENS = 64
"""Tokens of earlier text before the start token; they pass the decoder in one batch (Whisper base: 18 ms for 64)."""


class Window:
    """One encoded stretch of audio: encode once, decode, align and detect from it."""

    def __init__(self, encoded: Any, frames: int, seconds: float) -> None:
        self.encoded = encoded
        self.frames = frames
        self.seconds = seconds
        """Length of the audio itself, without the appended silence."""


class WhisperEngine:
    """A Whisper model in CTranslate2 form. Calls block and may come from any thread; CTranslate2 releases the GIL.

    Args:
        folder: ``model.bin``, ``config.json``, ``tokenizer.json`` and the vocabulary.
        config: compute type, threads and padding.
        terms: what to listen for beside ``config.hotwords`` in text of a language, by its code.

    Raises:
        ModelDamaged: the folder is not a Whisper model that can be loaded.
    """

    def __init__(
        self, folder: Path, config: AsrConfig, terms: Mapping[str, Sequence[str]] = MappingProxyType({})
    ) -> None:
        try:
            lanes = lanes_of(folder, config.threads)
            self._tokens = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._model = ctranslate2.models.Whisper(
                str(folder),
                device="cpu",
                compute_type=config.compute_type,
                intra_threads=lanes.threads,
                inter_threads=lanes.count,
            )
        except Exception as error:  # the libraries raise bare Exception and RuntimeError for any bad file
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ModelDamaged(f"cannot load the Whisper model in {folder}: {reason}") from error
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._pad = np.zeros(config.pad_ms * RATE_HZ // 1000, np.float32)
        self._hotwords = config.hotwords
        self._terms = terms
        self._asked_for: dict[str, list[int]] = {}
        self._tokenizers: dict[tuple[str, Task], Tokenizer] = {}
        self.multilingual: bool = self._model.is_multilingual
        self.languages: tuple[str, ...] = tuple(sorted(_LANGUAGE_CODES)) if self.multilingual else ("en",)

    def require(self, language: str) -> None:
        """Raises LanguageError when the model does not know ``language``."""
        if language not in self.languages:
            known = "only English" if not self.multilingual else f"{len(self.languages)} languages"
            raise LanguageError(f"the recognition model does not know {language!r}; it knows {known}")

    def encode(self, audio: Samples) -> Window:
        """Run the encoder over ``audio`` (at most 29 s) and the appended silence."""
        audio = audio[-MAX_WINDOW:]
        padded = np.concatenate([audio, self._pad])[: 30 * RATE_HZ]
        mel = np.ascontiguousarray(self._features(padded, padding=0)[np.newaxis])
        encoded = self._model.encode(ctranslate2.StorageView.from_array(mel), to_cpu=False)
        return Window(encoded, mel.shape[2], len(audio) / RATE_HZ)

    def detect_language(self, window: Window, allowed: Sequence[str] = ()) -> tuple[str, float]:
        """The likeliest language of ``window`` among ``allowed``, and its share of their probability.

        With no list, only languages are considered that Whisper heard for 200 hours or more (Radford et al. 2022,
        appendix E): of the others it guesses Breton for French, and writes none of them well.
        """
        if not self.multilingual:
            return "en", 1.0
        found = [(token[2:-2], p) for token, p in self._model.detect_language(window.encoded)[0]]
        candidates = [(code, p) for code, p in found if code in (allowed or _WELL_HEARD)]
        code, probability = max(candidates, key=lambda pair: pair[1])
        return code, probability / (sum(p for _, p in candidates) or 1.0)

    def decode(
        self,
        window: Window,
        language: str,
        *,
        task: Task = "transcribe",
        prompt: Sequence[int] = (),
        beam_size: int = 1,
        max_tokens: int,
    ) -> Hypothesis:
        """Decode ``window`` and align what comes out.

        Args:
            prompt: text tokens of what was said before the window (context only).
            max_tokens: bound on the result; it is what stops a loop.

        Returns:
            The words with times from ``Whisper.align``. Text that the decoder itself timed past the end of the audio
            is dropped.
        """
        tokenizer = self._tokenizer(language, task)
        head = self._head(tokenizer, language if task == "transcribe" else "en", prompt)
        result = self._model.generate(
            window.encoded,
            [[*head, *tokenizer.sot_sequence]],
            beam_size=beam_size,
            # CTranslate2 halves what is given here, as Whisper does with its context of 448.
            max_length=2 * (len(head) + max_tokens + 4),
            return_no_speech_prob=True,
        )[0]
        pieces = _text_pieces(result.sequences_ids[0][:max_tokens], tokenizer, window.seconds)
        return Hypothesis(
            words=self._align(window, tokenizer, pieces, spaced=is_spaced(language)),
            no_speech_probability=result.no_speech_prob,
        )

    def _head(self, tokenizer: Tokenizer, written: str, prompt: Sequence[int]) -> list[int]:
        """What comes before the start token; ``written`` is the language of the text that is asked for."""
        context = [*self._listened_for(tokenizer, written), *list(prompt)[-_PROMPT_TOKENS:]]
        return [tokenizer.sot_prev, *context] if context else []

    def _listened_for(self, tokenizer: Tokenizer, written: str) -> list[int]:
        """Tokens of the hotwords and terms, made once a language: a glossary may be long."""
        if written not in self._asked_for:
            words = dict.fromkeys((*self._hotwords, *self._terms.get(written, ())))
            encoded = tokenizer.encode(" " + ", ".join(words)) if words else []
            self._asked_for[written] = encoded[:_PROMPT_TOKENS]
        return self._asked_for[written]

    def _align(
        self, window: Window, tokenizer: Tokenizer, pieces: list[list[int]], *, spaced: bool
    ) -> tuple[AlignedWord, ...]:
        tokens = [token for piece in pieces for token in piece]
        if not tokens:
            return ()
        result = self._model.align(
            window.encoded, tokenizer.sot_sequence, [tokens], window.frames, median_filter_width=7
        )[0]
        text_steps = np.array([pair[0] for pair in result.alignments])
        time_steps = np.array([pair[1] for pair in result.alignments])
        jumps = np.pad(np.diff(text_steps), (1, 0), constant_values=1).astype(bool)
        token_starts_s = time_steps[jumps] * _TOKEN_S
        words: list[AlignedWord] = []
        at = 0
        for text, group in _words_of(pieces, tokenizer, spaced=spaced):
            upto = at + len(group)
            words.append(
                AlignedWord(
                    text=text,
                    tokens=tuple(group),
                    start_s=float(token_starts_s[at]),
                    end_s=float(token_starts_s[upto]),
                    probability=float(np.mean(result.text_token_probs[at:upto])),
                )
            )
            at = upto
        return tuple(words)

    def _tokenizer(self, language: str, task: Task) -> Tokenizer:
        """Made once for each; kept here and not by ``lru_cache``, which would keep the engine for good, too."""
        known = self._tokenizers.get((language, task))
        if known is None:
            known = self._tokenizers[language, task] = Tokenizer(
                self._tokens, self.multilingual, task=task, language=language
            )
        return known


def _text_pieces(ids: Sequence[int], tokenizer: Tokenizer, audio_s: float) -> list[list[int]]:
    """The text tokens of ``ids`` between timestamps, up to the first closing one that lies at the end of the audio."""
    pieces: list[list[int]] = [[]]
    for token in ids:
        if token >= tokenizer.timestamp_begin:
            if any(pieces) and (token - tokenizer.timestamp_begin) * _TOKEN_S >= audio_s - 0.2:
                break
            pieces.append([])
        elif token < tokenizer.eot:
            pieces[-1].append(token)
    return [piece for piece in pieces if piece]


def _words_of(
    pieces: Sequence[Sequence[int]], tokenizer: Tokenizer, *, spaced: bool
) -> Iterator[tuple[str, Sequence[int]]]:
    """The words and marks of ``pieces`` with their tokens.

    A timestamp ends a word, and after it the decoder leaves out the space now and then.
    """
    for piece in pieces:
        for i, (text, group) in enumerate(zip(*tokenizer.split_to_word_tokens(list(piece)), strict=True)):
            bare = i == 0 and spaced and not text[:1].isspace() and not is_punctuation(text)
            yield " " + text if bare else text, group
