"""Streaming recognition with the real Whisper base on real speech."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel
from whisper_normalizer.basic import BasicTextNormalizer

from translate.config import AsrConfig
from translate.errors import LanguageError, ModelDamaged
from translate.events import RATE_HZ, Samples
from translate.languages import is_spaced
from translate.registry import resolve
from translate.speech.recognizer import SegmentText, StreamingRecognizer
from translate.speech.whisper import WhisperEngine, _text_pieces, _words_of

pytestmark = [pytest.mark.models]
CADENCE = RATE_HZ // 2
normalize = BasicTextNormalizer()


def stream(recognizer: StreamingRecognizer, audio: Samples) -> Iterator[SegmentText]:
    """Every state of one span of speech, as a fast machine would see it."""
    recognizer.begin(0)
    for at in range(0, len(audio), CADENCE):
        recognizer.feed(audio[at : at + CADENCE])
        yield from recognizer.update()
    yield from recognizer.finish(len(audio))


def final_text(states: list[SegmentText]) -> str:
    return " ".join(state.committed for state in states if state.final)


@pytest.fixture(scope="module")
def offline_text() -> Callable[[Samples, str], str]:
    """What faster-whisper says of a whole clip with the same model and a beam of 5."""
    model = WhisperModel(str(resolve("whisper-base", kind="whisper").path), device="cpu", compute_type="int8")

    def text(audio: Samples, lang: str) -> str:
        segments, _ = model.transcribe(audio, language=lang, beam_size=5)
        return " ".join(segment.text for segment in segments)

    return text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fleurs_es_003", "fleurs_de_004", "fleurs_fr_005", "fleurs_en_007"])
def test_committed_text_grows_and_is_right(
    name: str,
    whisper_base: WhisperEngine,
    clips: dict[str, Any],
    samples_of: Callable[[str], Samples],
    offline_text: Callable[[Samples, str], str],
) -> None:
    clip = clips[name]
    states = list(stream(StreamingRecognizer(whisper_base, AsrConfig(), clip.lang), samples_of(name)))
    committed: dict[int, str] = {}
    for state in states:
        assert state.committed.startswith(committed.get(state.segment, ""))
        committed[state.segment] = state.committed
        assert not (state.final and state.tail)
        ends = [word.end_ms for word in state.words]
        assert ends == sorted(ends)
        assert all(word.start_ms <= word.end_ms <= clip.seconds * 1000 + 100 for word in state.words)
    early = [state for state in states if state.committed and not state.final]
    assert len(early) >= 3, "text must be committed while it is being spoken, not only at the end"
    reference = normalize(clip.transcript)
    offline = jiwer.wer(reference, normalize(offline_text(samples_of(name), clip.lang)))
    assert jiwer.wer(reference, normalize(final_text(states))) < offline + 0.25


@pytest.mark.slow
@pytest.mark.long
def test_long_speech_is_cut_without_loss(whisper_base: WhisperEngine, clips: dict[str, Any], samples_of: Any) -> None:
    names = ["fleurs_es_003", "fleurs_es_005", "fleurs_es_003", "fleurs_es_005"]
    gap = np.zeros(RATE_HZ // 5, np.float32)
    audio = np.concatenate([part for name in names for part in (samples_of(name), gap)])
    config = AsrConfig(window_ms=6000, keep_ms=3000, max_segment_ms=10_000)
    states = list(stream(StreamingRecognizer(whisper_base, config, "es"), audio))
    reference = normalize(" ".join(clips[name].transcript for name in names))
    assert jiwer.wer(reference, normalize(final_text(states))) < 0.35
    finals = [state for state in states if state.final]
    assert len({state.segment for state in finals}) == len(finals) >= 3, "sentences and length close segments"
    assert all(state.end - state.start < 16 * RATE_HZ for state in finals)
    assert all(later.start >= earlier.start for earlier, later in itertools.pairwise(finals))


def test_silence_says_nothing(whisper_base: WhisperEngine) -> None:
    noise = np.random.default_rng(1).normal(0, 0.001, 4 * RATE_HZ).astype(np.float32)
    states = list(stream(StreamingRecognizer(whisper_base, AsrConfig(), "en"), noise))
    assert final_text(states).strip() == ""


@pytest.mark.parametrize(("name", "allowed"), [("fleurs_fr_005", ()), ("fleurs_de_004", ("es", "de"))])
def test_the_language_is_found(
    name: str, allowed: tuple[str, ...], whisper_base: WhisperEngine, clips: dict[str, Any], samples_of: Any
) -> None:
    recognizer = StreamingRecognizer(whisper_base, AsrConfig(allowed_languages=allowed), None)
    audio = samples_of(name)[int(1.2 * RATE_HZ) : 5 * RATE_HZ]  # both clips begin with as much silence
    assert {state.lang for state in stream(recognizer, audio)} == {clips[name].lang}


def test_only_allowed_languages_are_found(whisper_base: WhisperEngine, samples_of: Any) -> None:
    recognizer = StreamingRecognizer(whisper_base, AsrConfig(allowed_languages=("it", "pt")), None)
    states = list(stream(recognizer, samples_of("fleurs_es_003")[: 3 * RATE_HZ]))
    assert {state.lang for state in states} <= {"it", "pt"}


def test_words_are_timed_by_the_stream_not_the_span(whisper_base: WhisperEngine, samples_of: Any) -> None:
    recognizer = StreamingRecognizer(whisper_base, AsrConfig(), "de")
    audio = samples_of("thorsten_gt_01")
    hour = 3600 * RATE_HZ
    recognizer.begin(hour)
    recognizer.feed(audio)
    (state,) = recognizer.finish(hour + len(audio))
    assert state.start == hour
    assert all(3_600_000 <= w.start_ms <= w.end_ms <= 3_600_000 + len(audio) / 16 + 100 for w in state.words)


def test_an_unknown_language_is_refused(whisper_base: WhisperEngine) -> None:
    with pytest.raises(LanguageError, match="xx"):
        whisper_base.require("xx")


def test_a_foreign_folder_is_refused(tmp_path: Any) -> None:
    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(ModelDamaged, match=str(tmp_path)) as error:
        WhisperEngine(tmp_path, AsrConfig())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("language", "pieces", "expected"),
    [
        ("fr", [" correspondante.", "en écoutant"], " correspondante. en écoutant"),
        ("es", [" ¿cierto?", " No"], " ¿cierto? No"),
        ("ja", ["今日は。", "明日は"], "今日は。明日は"),
        ("de", [" eins", ", zwei"], " eins, zwei"),
    ],
)
def test_a_timestamp_ends_a_word_even_without_a_space(
    language: str, pieces: list[str], expected: str, whisper_base: WhisperEngine
) -> None:
    tokenizer = whisper_base._tokenizer(language, "transcribe")
    begin = tokenizer.timestamp_begin
    ids = [token for text in pieces for token in (begin + 10, *tokenizer.encode(text), begin + 40)]
    found = list(_words_of(_text_pieces(ids, tokenizer, 30.0), tokenizer, spaced=is_spaced(language)))
    assert "".join(text for text, _ in found) == expected
    assert [token for _, group in found for token in group] == [t for t in ids if t < tokenizer.eot]
