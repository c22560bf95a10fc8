"""The models of this process: one engine each, loaded once, shared by every session."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from translate.config import Config
from translate.errors import LanguageError
from translate.events import RATE_HZ
from translate.registry import default_registry
from translate.speech.whisper import WhisperEngine
from translate.translation import Route
from translate.translators import LazyTranslator, Translators
from translate.turns import Turns

__all__ = ["Engines"]


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
        self._translators = Translators(config.mt, whisper=self.recognition.multilingual)
        self._pass_through = Turns("pass-through")
        # The first call of a model costs several times the later ones; nobody should wait for it in mid-sentence.
        self.recognition.encode(np.zeros(RATE_HZ, np.float32))

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
        """Stop the engines' threads."""
        for one in (self.recognition_turns, self._pass_through, self._translators):
            one.close()
