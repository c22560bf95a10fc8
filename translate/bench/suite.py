"""Runs what was asked for, one thing at a time, and makes a report of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from translate.audio import AudioSource
from translate.bench import decode, latency, load, longyaal, quality, robust, silence, stability
from translate.bench.baseline_session import BaselineSession
from translate.bench.baselines import BaselinePolicy, LocalAgreement, Transcriber, WholeSegment
from translate.bench.clock import Clock, run
from translate.bench.extras import optional, required
from translate.bench.material import Recording
from translate.bench.quality import Errors, Pair
from translate.bench.record import Captions, Open, Run, record
from translate.bench.reference import OfflineModel
from translate.bench.results import Report, Setting, System, Translated
from translate.bench.trouble import SILENCE_S, TROUBLES
from translate.bench.watched import told
from translate.events import Samples
from translate.inference import Engines
from translate.pipeline.session import Session
from translate.registry import default_registry

__all__ = ["PARTS", "Request", "Suite", "check_packages"]

PARTS = ("latency", "quality", "stability", "silence", "load", "decode", "baselines", "robust")
"""What can be measured."""
_OURS = "sottovoce"
_BASELINES: Mapping[str, Callable[[Transcriber], BaselinePolicy]] = {
    "LocalAgreement-2, 30 s": LocalAgreement,
    "whole segments": WholeSegment,
}
_THIRDS = ("first third", "middle third", "last third")
_SENTENCES = 6
"""Texts that a translation model is timed on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to measure, on what."""

    parts: frozenset[str]
    speech: tuple[Recording, ...]
    silent: tuple[Recording, ...] = ()
    """Recordings in which nobody speaks."""
    targets: tuple[str, ...] = ()
    """Languages to translate into."""
    clock: Clock = "virtual"
    silent_lang: str = "en"
    """Language that recognition expects in silence."""
    most_speakers: int = 8
    troubles: tuple[str, ...] = tuple(TROUBLES)
    """What befalls the sound with ``robust``."""
    music: Samples | None = None
    """What plays under speech; ``None``: plain chords."""
    seed: int = 0


def check_packages(parts: frozenset[str]) -> None:
    """Raises ConfigError when ``parts`` need packages of the extra ``bench`` that are not installed."""
    if parts & {"quality", "robust"}:
        for module in ("jiwer", "whisper_normalizer", "sacrebleu"):
            required(module)


class Suite:
    """The measurements of one request.

    Args:
        engines: what to measure.
        tick: told what has been done, and for how many seconds of audio.

    Raises:
        LanguageError: no installed model translates into a target.
    """

    def __init__(self, request: Request, engines: Engines, tick: Callable[[str, float], None]) -> None:
        self._request = request
        self._engines = engines
        self._config = engines.config
        self._tick = tick
        self._notes: list[str] = []
        self.runs: dict[str, list[Run]] = {}
        """What each system made of the speech, by its name; for logs."""
        for recording in request.speech:
            engines.check(recording.lang, self._targets(recording))

    @property
    def seconds(self) -> float:
        """Audio that will be gone through, for a progress bar; load adds to it as it goes."""
        request = self._request
        speech = sum(recording.seconds for recording in request.speech)
        times = int(bool(request.parts & {"latency", "quality", "stability", "baselines"}))
        times += len(_BASELINES) if "baselines" in request.parts else 0
        times += "quality" in request.parts
        if "robust" in request.parts:
            times += 1 + len(request.troubles)
            speech += ("silence" in request.troubles) * SILENCE_S * len(request.speech) / times
        return speech * times + ("silence" in request.parts) * sum(r.seconds for r in request.silent)

    def measure(self, setting: Setting) -> Report:
        """Do it all."""
        parts = self._request.parts
        report = Report(setting)
        if "silence" in parts and not self._request.silent:
            self._notes.append("no silence: the material has no clips of lang none or music (see --material)")
        if parts & {"latency", "quality", "stability", "baselines"} and self._request.speech:
            report = self._systems(report)
        if "silence" in parts and self._request.silent:
            report = replace(report, silence=self._silence())
        if "robust" in parts:
            report = replace(report, robust=tuple(self._robust()))
        if "load" in parts and self._request.speech:
            steps = self._load()
            admitted = self._engines.capacity().speakers
            report = replace(report, load=tuple(steps), speakers=load.held(steps), admitted=admitted)
        if "decode" in parts:
            recognition = decode.measure_recognition(self._folder(), self._config.asr)
            translation = decode.measure_translations(self._config.mt, self._texts())
            if not translation:
                self._notes.append("no translation model timed: none is installed for the languages of the material")
            report = replace(report, recognition=recognition, translation=tuple(translation))
            self._tick("decoding", 0)
        return replace(report, notes=tuple(self._notes))

    def _systems(self, report: Report) -> Report:
        parts = self._request.parts
        self.runs[_OURS] = self._record(_OURS, self._ours)
        offline = OfflineModel(self._folder(), self._config.asr) if parts & {"quality", "baselines"} else None
        if "baselines" in parts and offline is not None:
            for name, policy in _BASELINES.items():
                self.runs[name] = self._record(name, partial(self._baseline, policy, offline))
        rated = parts & {"quality", "baselines"} and all(optional(m) for m in ("jiwer", "whisper_normalizer"))
        systems = tuple(self._system(name, runs, rated=bool(rated)) for name, runs in self.runs.items())
        if "baselines" in parts and self._request.targets:
            self._notes.append(f"CPU and delays of {_OURS} include translation, which the baselines do not do")
        if rated and not systems[0].words:
            self._notes.append("no word errors: no recording has a published transcript")
        found = self._offline(offline) if "quality" in parts and offline is not None else {}
        if optional("omnisteval") is None:
            self._notes.append("no LongYAAL: OmniSTEval is not installed (pip install 'sottovoce[bench]')")
        return replace(report, systems=systems, offline=found)

    def _folder(self) -> Path:
        return default_registry().resolve(self._config.asr.model, kind="whisper").path

    def _record(self, name: str, open_captions: Open) -> list[Run]:
        found = []
        for recording in self._request.speech:
            opened = told(open_captions, f"{name}: {recording.id}", self._tick)
            found.append(run(record(opened, recording), self._request.clock))
        return found

    def _ours(self, source: AudioSource, recording: Recording) -> Captions:
        return Session(source, spoken=recording.lang, targets=self._targets(recording), engines=self._engines)

    def _targets(self, recording: Recording) -> list[str]:
        return [target for target in self._request.targets if target != recording.lang]

    def _baseline(
        self,
        policy: Callable[[Transcriber], BaselinePolicy],
        offline: OfflineModel,
        source: AudioSource,
        recording: Recording,
    ) -> Captions:
        lang = recording.lang
        transcriber: Transcriber = lambda samples, prompt: offline.words(samples, lang, prompt)  # noqa: E731
        return BaselineSession(source, policy(transcriber), lang, self._engines.recognition_turns, self._config.vad)

    def _system(self, name: str, runs: Sequence[Run], *, rated: bool) -> System:
        pairs = quality.pairs(runs) if rated else []
        return System(
            name=name,
            latency=latency.measure(runs),
            stability=stability.measure(runs),
            yaal=longyaal.measure(runs),
            words=_by_group(pairs, quality.thirds(runs)) if pairs else {},
            characters=quality.character_errors(pairs) if pairs else None,
            translations={} if name != _OURS else {t: self._translated(runs, t) for t in self._request.targets},
        )

    def _translated(self, runs: Sequence[Run], target: str) -> Translated:
        rated = optional("sacrebleu") is not None
        runs = [run for run in runs if run.recording.lang != target]
        return Translated(
            scores=quality.scores(quality.pairs(runs, target)) if rated else None,
            stability=stability.measure(runs, target),
            yaal=longyaal.measure(runs, target),
        )

    def _offline(self, offline: OfflineModel) -> dict[str, Errors]:
        pairs = []
        thirds: tuple[list[Pair], ...] = ([], [], [])
        for recording in self._request.speech:
            if recording.transcript is not None:
                # Thirds by themselves: clips differ, so that only the model offline says whether the end was harder.
                pieces = [
                    Pair(recording.lang, recording.kind, one.transcript or "", offline.text(audio, recording.lang))
                    for one in recording.thirds
                    if len(audio := recording.between(one.from_ms, one.to_ms))
                ]
                for group, piece in zip(thirds, pieces, strict=False):
                    group.append(piece)
                text = " ".join(piece.hypothesis for piece in pieces) or offline.text(recording.speech, recording.lang)
                pairs.append(Pair(recording.lang, recording.kind, recording.transcript, text))
            self._tick(f"offline: {recording.id}", recording.seconds)
        return _by_group(pairs, thirds) if pairs else {}

    def _silence(self) -> silence.Silence:
        found = []
        for recording in self._request.silent:
            spoken = replace(recording, lang=self._request.silent_lang)
            opened = told(self._ours, f"silence: {recording.id}", self._tick)
            found.append(run(record(opened, spoken), self._request.clock))
        return silence.measure(found, self._request.silent_lang)

    def _robust(self) -> list[robust.Outcome]:
        request = self._request
        talks = [recording for recording in request.speech if recording.thirds]
        if len(talks) < len(request.speech):
            self._notes.append(f"robust: only {len(talks)} talks have enough clips in them; ask for more --minutes")
        offline = OfflineModel(self._folder(), self._config.asr)
        return robust.measure(
            self._ours, talks, request.music, request.troubles, request.clock, self._tick, request.seed, offline.text
        )

    def _load(self) -> list[load.Step]:
        def done(step: load.Step) -> None:
            self._tick(f"load: {step.speakers} speakers", 0)

        return load.measure(self._ours, self._request.speech, self._request.clock, self._request.most_speakers, done)

    def _texts(self) -> dict[str, list[str]]:
        """A few sentences of each language of the material, for the translation models."""
        texts: dict[str, list[str]] = {}
        for recording in self._request.speech:
            known = texts.setdefault(recording.lang, [])
            said = [part.clip.transcript for part in recording.parts if part.clip.transcript]
            known += said[: _SENTENCES - len(known)]
        return texts


def _by_group(pairs: Sequence[Pair], thirds: Sequence[Sequence[Pair]]) -> dict[str, Errors]:
    """Word errors of everything, of each language and kind, and of the beginning, middle and end of long recordings.

    What would only say the same again is left out: one language, one kind.
    """
    langs = list(dict.fromkeys(pair.lang for pair in pairs))
    kinds = list(dict.fromkeys(pair.kind for pair in pairs))
    groups: dict[str, Sequence[Pair]] = {"all": pairs}
    if len(langs) > 1:
        groups |= {lang: [pair for pair in pairs if pair.lang == lang] for lang in langs}
    if len(kinds) > 1:
        groups |= {f"kind: {kind}": [pair for pair in pairs if pair.kind == kind] for kind in kinds}
    groups |= {name: third for name, third in zip(_THIRDS, thirds, strict=True) if third}
    for lang in langs if len(langs) > 1 else ():
        for name, third in zip(_THIRDS, thirds, strict=True):
            if of_lang := [pair for pair in third if pair.lang == lang]:
                groups[f"{lang}, {name}"] = of_lang
    return {name: quality.word_errors(group) for name, group in groups.items()}
