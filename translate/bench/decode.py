"""What the models cost by themselves: one thread, greedy, batch of one."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ctranslate2
import numpy as np

from translate.bench.stopwatch import Stopwatch
from translate.config import AsrConfig, MtConfig
from translate.registry import installed_translations
from translate.translation import TranslationEngine

__all__ = ["RecognitionCost", "TranslationCost", "measure_recognition", "measure_translations"]

_WINDOWS_S = (2, 5, 8)
_FRAMES_PER_S = 100
_MOST_FRAMES = 3000
_FEW_TOKENS, _MANY_TOKENS = 8, 32
_TIMES = 5


@dataclass(frozen=True, slots=True)
class RecognitionCost:
    """One Whisper model on one thread; medians of several runs."""

    encoder_ms: Mapping[str, float]
    """Of windows of a length (``2 s``), padded as the recognizer pads them; ``30 s`` is what others encode."""
    token_ms: float
    """For each further token of a decoding."""
    compute_type: str


@dataclass(frozen=True, slots=True)
class TranslationCost:
    """One translation model on one thread."""

    model: str
    pair: str
    token_ms: float
    """For each target token, with its share of tokeniser and encoder; median over the sentences."""
    sentence_ms: float
    """For a sentence; median."""
    sentences: int


def measure_recognition(folder: Path, config: AsrConfig) -> RecognitionCost:
    """Time the model in ``folder`` on noise: what the sound is does not change the work."""
    model = ctranslate2.models.Whisper(str(folder), compute_type=config.compute_type, intra_threads=1)
    noise = np.random.default_rng(0).standard_normal((1, model.n_mels, _MOST_FRAMES)).astype(np.float32)

    def features(frames: int) -> ctranslate2.StorageView:
        return ctranslate2.StorageView.from_array(np.ascontiguousarray(noise[:, :, :frames]))

    padding = config.pad_ms * _FRAMES_PER_S // 1000
    windows = {f"{s} s": features(min(_MOST_FRAMES, s * _FRAMES_PER_S + padding)) for s in _WINDOWS_S}
    windows["30 s"] = features(_MOST_FRAMES)
    encoded = model.encode(windows["5 s"])
    # startoftranscript, language, task; an English-only vocabulary is one shorter and has neither of the two.
    prompt = [50258, 50259, 50359] if model.is_multilingual else [50257]

    def decode(tokens: int) -> None:
        # The end of the text is forbidden, so that exactly this many come: CTranslate2 decodes half of max_length.
        model.generate(encoded, [prompt], beam_size=1, max_length=2 * tokens, suppress_tokens=[prompt[0] - 1])

    longer_ms = _median_ms(lambda: decode(_MANY_TOKENS)) - _median_ms(lambda: decode(_FEW_TOKENS))
    return RecognitionCost(
        encoder_ms={name: _median_ms(lambda view=view: model.encode(view)) for name, view in windows.items()},  # type: ignore[misc]
        token_ms=max(0.0, longer_ms) / (_MANY_TOKENS - _FEW_TOKENS),
        compute_type=config.compute_type,
    )


def measure_translations(config: MtConfig, texts: Mapping[str, Sequence[str]]) -> list[TranslationCost]:
    """Time every installed translation model for which there is text.

    Args:
        config: further model folders, and the compute type.
        texts: sentences by language.
    """
    found = []
    for model in installed_translations(config.models):
        engine = TranslationEngine(model.path, replace(config, threads=1))
        pair = next(((s, t) for s, t in sorted(engine.pairs()) if texts.get(s)), None)
        if pair is not None:
            found.append(_translation(model.name, engine, pair, texts[pair[0]]))
    return found


def _translation(
    name: str, engine: TranslationEngine, pair: tuple[str, str], sentences: Sequence[str]
) -> TranslationCost:
    source, target = pair
    per_token, per_sentence = [], []
    for sentence in sentences:
        taken_ms = _median_ms(lambda sentence=sentence: engine.translate(sentence, source=source, target=target), 3)  # type: ignore[misc]
        tokens = len(engine.translate(sentence, source=source, target=target).tokens)
        per_sentence.append(taken_ms)
        per_token.append(taken_ms / max(1, tokens))
    return TranslationCost(
        name, f"{source}-{target}", statistics.median(per_token), statistics.median(per_sentence), len(sentences)
    )


def _median_ms(call: Callable[[], object], times: int = _TIMES) -> float:
    call()  # the first one allocates
    stopwatch = Stopwatch()
    taken = []
    for _ in range(times):
        stop = stopwatch.start()
        call()
        taken.append(stop() * 1000)
    return statistics.median(taken)
