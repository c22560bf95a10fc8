"""The installed translation models, each loaded when it is first used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from translate.config import MtConfig
from translate.inference.turns import Turns
from translate.languages import canonical
from translate.registry import ResolvedModel, default_registry, ensure_intact, installed_translations, preference
from translate.registry.serving import Preference
from translate.translation import Glossary, Hypothesis, Route, TranslationEngine, plan, reachable, read_glossary
from translate.translation.decoding import Decoder
from translate.translation.engine import after_words_of
from translate.translation.routes import PIVOT, RoutableEngine

__all__ = ["LazyTranslator", "Open", "Translators"]

Open = Callable[[ResolvedModel], Decoder]
"""Tells what runs a model elsewhere; text is made into tokens and back in this process."""


class LazyTranslator:
    """A translation model that is loaded when first used, so that one that nobody reads costs no memory.

    Args:
        model: as it lies here.
        config: how it runs.
        open_: tells what runs it; ``None``: it is loaded into this process.
    """

    def __init__(self, model: ResolvedModel, config: MtConfig, open_: Open | None = None) -> None:
        self.model = model
        self._config = config
        self._open = open_
        self._engine: TranslationEngine | None = None
        self._lock = threading.Lock()
        self.turns = Turns(f"translation-{model.name}")
        self.after_words = after_words_of(model.path)

    @property
    def multilingual(self) -> bool:
        return not self.model.pairs

    def can(self, source: str, target: str) -> bool:
        return self.model.translates(source, target)

    def load(self) -> TranslationEngine:
        """The engine; the first caller loads it, others wait."""
        with self._lock:
            if self._engine is None:
                ensure_intact(self.model)
                decoder = self._open(self.model) if self._open is not None else None
                self._engine = TranslationEngine(self.model.path, self._config, decoder)
            return self._engine

    def close(self) -> None:
        """Stop its thread and let go of the engine, once its running call is done. Idempotent."""
        self.turns.close()
        with self._lock:
            self._engine = None

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


class Translators:
    """Every installed translation model, and the ways between languages that they make.

    Args:
        config: which folders beside the installed ones, and how the models run.
        open_: tells what runs each model; ``None``: they are loaded into this process.
        whisper: whether the recognition model can put speech into English by itself.

    Raises:
        ConfigError: the glossary cannot be read, or a line of it is bad.
    """

    def __init__(self, config: MtConfig, open_: Open | None = None, *, whisper: bool = False) -> None:
        self._models = [LazyTranslator(model, config, open_) for model in installed_translations(config.models)]
        self._whisper = whisper
        self._prefers_whisper = whisper and config.prefer_direct
        self.glossary = read_glossary(Path(config.glossary)) if config.glossary is not None else Glossary()
        """Names and terms that come out as written."""

    def targets(self, source: str) -> tuple[str, ...]:
        """Languages that ``source`` can be put into, other than itself."""
        return tuple(target for target in reachable(source, self._models, self._whisper) if target != source)

    def route(self, source: str, target: str) -> Route:
        """The way from ``source`` to ``target``.

        Raises:
            LanguageError: there is none; the message names what would give one.
        """
        known = () if self._prefers_whisper and canonical(target) == PIVOT else self._models
        return plan(source, target, known, self._whisper, _suggested, _rank)

    def close(self) -> None:
        """Stop the models' threads, and let go of the models. Idempotent."""
        for model in self._models:
            model.close()


def _rank(engine: RoutableEngine, source: str, target: str) -> Preference:
    assert isinstance(engine, LazyTranslator)
    return preference(engine.model, source, target)


def _suggested(source: str, target: str) -> str | None:
    """What follows ``sottovoce models pull``: a model of the pair, those of a way through English, or any."""
    suggested = default_registry().catalog.suggested
    direct = suggested(source, target)
    if direct is not None and direct.pairs:
        return direct.name
    legs = suggested(source, PIVOT), suggested(PIVOT, target)
    if all(leg is not None and leg.pairs for leg in legs):
        return f"--for {source},{target}"
    return direct.name if direct is not None else None
