"""The models of this process: one engine each, loaded once, shared by every session."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import numpy as np

from translate.config import Config, MtConfig
from translate.errors import LanguageError
from translate.events import RATE_HZ
from translate.registry import ResolvedModel, default_registry, ensure_intact, installed_translations
from translate.speech.whisper import WhisperEngine
from translate.translation import Hypothesis, Route, TranslationEngine, plan, reachable
from translate.turns import Turns

__all__ = ["Engines"]

_log = logging.getLogger(__name__)


class _LazyTranslator:
    """A translation model that is loaded when first used, so that one that nobody reads costs no memory."""

    def __init__(self, model: ResolvedModel, config: MtConfig) -> None:
        self._model = model
        self._config = config
        self._engine: TranslationEngine | None = None
        self._lock = threading.Lock()
        self.turns = Turns(f"translation-{model.name}")

    @property
    def multilingual(self) -> bool:
        return not self._model.pairs

    def can(self, source: str, target: str) -> bool:
        return self._model.translates(source, target)

    def load(self) -> TranslationEngine:
        """The engine; the first caller loads it, others wait."""
        with self._lock:
            if self._engine is None:
                ensure_intact(self._model)
                self._engine = TranslationEngine(self._model.path, self._config)
            return self._engine

    def translate(
        self,
        text: str,
        *,
        source: str,
        target: str,
        prefix_tokens: Sequence[str] = (),
        beam_size: int = 1,
        align: bool = False,
    ) -> Hypothesis:
        """See :meth:`TranslationEngine.translate`."""
        return self.load().translate(
            text, source=source, target=target, prefix_tokens=prefix_tokens, beam_size=beam_size, align=align
        )

    def detokenize(self, tokens: Sequence[str]) -> str:
        """See :meth:`TranslationEngine.detokenize`."""
        return self.load().detokenize(tokens)


class Engines:
    """Recognition, loaded now, and every installed translation model, each loaded when a session first needs it.

    Args:
        config: which models, and how they run.

    Raises:
        MissingModel: the recognition model is not on this machine; the message names the command that gets it.
        ModelDamaged: it is there, but not whole.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        resolved = default_registry().resolve(config.asr.model, kind="whisper")
        self.recognition = WhisperEngine(resolved.path, config.asr)
        self.recognition_name = resolved.name
        self.recognition_turns = Turns("recognition")
        self._translators = [_LazyTranslator(model, config.mt) for model in installed_translations(config.mt.models)]
        self._pass_through = Turns("pass-through")
        # The first call of a model costs several times the later ones; nobody should wait for it in mid-sentence.
        self.recognition.encode(np.zeros(RATE_HZ, np.float32))

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that recognition knows."""
        return self.recognition.languages

    def targets(self, source: str) -> tuple[str, ...]:
        """Languages that speech in ``source`` can be translated into, other than itself."""
        return tuple(t for t in reachable(source, self._translators, self.recognition.multilingual) if t != source)

    def route(self, source: str, target: str) -> Route:
        """The way from ``source`` to ``target``.

        Raises:
            LanguageError: there is none; the message names what would give one.
        """
        return plan(source, target, self._translators, self.recognition.multilingual, self._suggest)

    def turns(self, route: Route) -> Turns:
        """Where the work of ``route`` takes its turns."""
        if route.kind == "whisper":
            return self.recognition_turns
        engine = route.hops[0].engine if route.hops else None
        return engine.turns if isinstance(engine, _LazyTranslator) else self._pass_through

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
        """Stop the engines' threads."""
        for turns in (self.recognition_turns, self._pass_through, *(t.turns for t in self._translators)):
            turns.close()

    @staticmethod
    def _suggest(source: str, target: str) -> str | None:
        specs = default_registry().catalog.models.values()
        return next((s.name for s in specs if s.kind == "translation" and s.translates(source, target)), None)
