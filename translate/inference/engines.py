"""The models: one engine each, loaded once, shared by every session; in this process or in a child of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from translate.config import AsrConfig, Config, VadConfig
from translate.errors import LanguageError
from translate.events import RATE_HZ
from translate.inference.capacity import Capacity, measured_capacity
from translate.inference.errors import WorkerStopped
from translate.inference.messages import Load
from translate.inference.process import EngineProcess
from translate.inference.remote import RemoteDecoder, RemoteWhisper
from translate.inference.translators import LazyTranslator, Translators
from translate.inference.turns import Turns
from translate.registry import ResolvedModel, default_registry, installed_translations
from translate.registry.store import cache_folder
from translate.speech.engine import RecognitionEngine
from translate.speech.threads import lanes_of
from translate.speech.vad import StreamingVad, VoiceDetector
from translate.translation import Glossary, Route, read_glossary
from translate.translation.decoding import Decoder

__all__ = ["Engines"]

_RECOGNITION = "recognition"
_WHISPER = "translate.inference.factories:whisper"
_DECODER = "translate.inference.factories:decoder"


class Engines:
    """Recognition, loaded now, and every installed translation model, each loaded when a session first needs it.

    Close it when no session needs it any more, or use it as a context manager: its models take hundreds of megabytes.

    Args:
        config: which models, and how they run.
        isolated: in a child process, so that what kills an engine does not kill this process (Linux, macOS).
        died: called in any thread with the number of restarts when that process has died or was killed.

    Raises:
        MissingModel: the recognition model is not on this machine; the message names the command that gets it.
        ModelDamaged: it is there, but not whole.
        ConfigError: the glossary cannot be read, or a line of it is bad.
    """

    def __init__(
        self, config: Config, *, isolated: bool = False, died: Callable[[int], None] = lambda restarts: None
    ) -> None:
        self.config = config
        whisper = _whisper(config)
        resolved = default_registry().resolve(config.asr.model, kind="whisper")
        self.recognition_lanes = lanes_of(resolved.path, config.asr.threads)
        load = Load(_WHISPER, (resolved, *whisper), self.recognition_lanes.count)
        self.process = _process(config, load, died) if isolated else None
        """The child process, if there is one."""
        try:
            self._recognition: RecognitionEngine | None = _recognition(self.process, resolved, *whisper)
            self.recognition_name = resolved.name
            self.recognition_turns = Turns("recognition", self.recognition_lanes.count)
            self.detection_turns = Turns("voice-activity")
            """Where voice activity is detected: off the event loop, which an hour of silence must not hold up."""
            self._translators = Translators(
                config.mt, self._remote if self.process else None, whisper=self.recognition.multilingual
            )
            self._pass_through = Turns("pass-through")
            # The first call of a model costs several times the later ones; nobody should wait for it in mid-sentence.
            self.recognition.encode(np.zeros(RATE_HZ, np.float32))
        except BaseException:
            if self.process is not None:
                self.process.stop()
            raise

    def _remote(self, model: ResolvedModel) -> Decoder:
        assert self.process is not None  # else models are loaded here
        return RemoteDecoder(self.process, model.name)

    @property
    def recognition(self) -> RecognitionEngine:
        """The recognition engine. Raises WorkerStopped: closed."""
        if self._recognition is None:
            raise WorkerStopped("the engines were closed")
        return self._recognition

    def capacity(self) -> Capacity:
        """How many speakers this machine holds with them; the first call may take some seconds. Blocks."""
        return measured_capacity(
            self.recognition, self.recognition_name, self.config.asr, cache_folder(), lanes=self.recognition_lanes
        )

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that recognition knows."""
        return self.recognition.languages

    def targets(self, source: str) -> tuple[str, ...]:
        """Languages that speech in ``source`` can be translated into, other than itself."""
        return self._translators.targets(source)

    def route(self, source: str, target: str) -> Route:
        """The way from ``source`` to ``target``. Raises LanguageError; see :meth:`Translators.route`."""
        return self._translators.route(source, target)

    @property
    def glossary(self) -> Glossary:
        """Names and terms that come out as written."""
        return self._translators.glossary

    def detector(self, config: VadConfig) -> VoiceDetector:
        """A detector of speech for one session. Raises ModelDamaged."""
        return StreamingVad(config)

    def turns(self, route: Route) -> Turns:
        """Where the work of ``route`` takes its turns."""
        if route.kind == "whisper":
            return self.recognition_turns
        engine = route.hops[0].engine if route.hops else None
        return engine.turns if isinstance(engine, LazyTranslator) else self._pass_through

    def check(self, spoken: str | None, targets: Sequence[str], allowed: Sequence[str] = ()) -> None:
        """Hold languages against the models that are here, before a session starts.

        Args:
            spoken: canonical code; ``None``: to be detected among ``allowed`` (empty: all).

        Raises:
            LanguageError: the recognition model does not know one, or a target has no route from any of them.
        """
        for code in (spoken,) if spoken else allowed:
            self.recognition.require(code)
        sources = (spoken,) if spoken else tuple(allowed) or self.sources
        for target in targets:
            if not any(self._reaches(source, target) for source in sources):
                self.route(sources[0], target)  # raises, with what to do

    def _reaches(self, source: str, target: str) -> bool:
        try:
            self.route(source, target)
        except LanguageError:
            return False
        return True

    def close(self) -> None:
        """End the child process, or let go of the models, once their running calls are done. Idempotent."""
        for one in (self.recognition_turns, self.detection_turns, self._pass_through, self._translators):
            one.close()
        self._recognition = None
        if self.process is not None:
            self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _recognition(
    process: EngineProcess | None, model: ResolvedModel, config: AsrConfig, terms: dict[str, tuple[str, ...]]
) -> RecognitionEngine:
    if process is not None:
        return RemoteWhisper(process, _RECOGNITION)
    from translate.speech.whisper import WhisperEngine  # loads CTranslate2, which a process of their own spares us

    return WhisperEngine(model.path, config, terms)


def _whisper(config: Config) -> tuple[AsrConfig, dict[str, tuple[str, ...]]]:
    """What ``WhisperEngine`` is made with: it listens for the glossary's names, and terms where they are spoken.

    One engine serves sessions in any language, and a session may change its own: so it gets the terms of all.
    """
    if config.mt.glossary is None:
        return config.asr, {}
    glossary = read_glossary(Path(config.mt.glossary))
    asr = replace(config.asr, hotwords=(*config.asr.hotwords, *glossary.hotwords(None)))
    return asr, {code: glossary.hotwords(code) for code in glossary.languages}


def _process(config: Config, recognition: Load, died: Callable[[int], None]) -> EngineProcess:
    loads = {_RECOGNITION: recognition}
    for model in installed_translations(config.mt.models):
        loads[model.name] = Load(_DECODER, (model, config.mt))
    return EngineProcess(loads, call_s=config.limits.call_ms / 1000, died=died)
