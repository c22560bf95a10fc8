"""The real recognition model in the engines' process hears what it hears in ours, also when its process is killed."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio

from translate.config import AsrConfig
from translate.errors import LanguageError, ModelDamaged
from translate.events import RATE_HZ, Samples
from translate.inference import EngineProcess
from translate.inference.messages import Load
from translate.inference.remote import RemoteWhisper
from translate.registry import resolve
from translate.speech.hypothesis import join
from translate.speech.whisper import WhisperEngine

pytestmark = pytest.mark.models

WHISPER = "translate.speech.whisper:WhisperEngine"
CONFIG = AsrConfig(threads=1)


@pytest.fixture(scope="module")
def process() -> Iterator[EngineProcess]:
    process = EngineProcess({"recognition": Load(WHISPER, (resolve("whisper-base", kind="whisper").path, CONFIG))})
    yield process
    process.stop()


@pytest.fixture(scope="module")
def remote(process: EngineProcess) -> RemoteWhisper:
    return RemoteWhisper(process, "recognition")


@pytest.fixture(scope="module")
def audio(clips) -> Samples:
    return np.asarray(decode_audio(str(clips["fleurs_es_005"].path)), np.float32)[: 5 * RATE_HZ]


def test_it_hears_the_same_as_an_engine_of_this_process(remote: RemoteWhisper, audio: Samples) -> None:
    local = WhisperEngine(resolve("whisper-base", kind="whisper").path, CONFIG)
    here, there = local.encode(audio), remote.encode(audio)
    assert remote.detect_language(there, ("es", "de"))[0] == local.detect_language(here, ("es", "de"))[0] == "es"
    expected = local.decode(here, "es", max_tokens=60)
    heard = remote.decode(there, "es", max_tokens=60)
    assert len(heard.words) > 3
    assert [word.text for word in heard.words] == [word.text for word in expected.words]
    assert (remote.multilingual, remote.languages) == (local.multilingual, local.languages)


def test_two_who_are_heard_at_once_each_get_their_own_words(clips) -> None:
    process = EngineProcess(
        {"recognition": Load(WHISPER, (resolve("whisper-base", kind="whisper").path, CONFIG), lanes=2)}
    )
    remote = RemoteWhisper(process, "recognition")

    def heard(lang: str, name: str) -> str:
        samples = np.asarray(decode_audio(str(clips[name].path)), np.float32)[: 5 * RATE_HZ]
        return join(remote.decode(remote.encode(samples), lang, max_tokens=60).words)

    speakers = [("es", "fleurs_es_005"), ("de", "fleurs_de_004")]
    alone = [heard(*speaker) for speaker in speakers]
    try:
        with ThreadPoolExecutor(2) as pool:
            together = list(pool.map(lambda turn: heard(*speakers[turn % 2]), range(12)))
    finally:
        process.stop()
    assert together == alone * 6
    assert process.restarts == 0


def test_a_window_outlives_the_child_that_encoded_it(
    process: EngineProcess, remote: RemoteWhisper, audio: Samples
) -> None:
    window = remote.encode(audio)
    before = remote.decode(window, "es", max_tokens=60)
    os.kill(process.pid or 0, signal.SIGKILL)
    after = remote.decode(window, "es", max_tokens=60)
    assert [word.text for word in after.words] == [word.text for word in before.words]


def test_windows_that_nobody_holds_are_freed_in_the_child(remote: RemoteWhisper, audio: Samples) -> None:
    def resident_kb() -> int:
        with Path(f"/proc/{remote._process.pid}/statm").open(encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024

    for _ in range(5):
        remote.encode(audio)
    gc.collect()
    before_kb = resident_kb()
    for _ in range(40):
        remote.encode(audio)
    assert resident_kb() - before_kb < 20_000, "an encoded window is 1.4 MB"


def test_a_language_that_the_model_does_not_know_is_refused_here(remote: RemoteWhisper) -> None:
    with pytest.raises(LanguageError, match="does not know"):
        remote.require("tlh")


def test_a_damaged_model_is_reported_as_such(tmp_path) -> None:
    process = EngineProcess({"recognition": Load(WHISPER, (tmp_path, CONFIG))})
    try:
        with pytest.raises(ModelDamaged, match="cannot load the Whisper model"):
            RemoteWhisper(process, "recognition")
    finally:
        process.stop()
