"""Makes engines in the engines' process: every time from files that are held against their hashes first.

A child is started again at any time, months after the service has checked its models, and a damaged file may load
without a complaint and write nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping

from translate.config import AsrConfig, MtConfig
from translate.registry import ResolvedModel, ensure_intact
from translate.speech.whisper import WhisperEngine
from translate.translation.engine import TranslationEngine

__all__ = ["translation", "whisper"]


def whisper(model: ResolvedModel, config: AsrConfig, terms: Mapping[str, tuple[str, ...]]) -> WhisperEngine:
    """Recognition. Raises ModelDamaged."""
    ensure_intact(model)
    return WhisperEngine(model.path, config, terms)


def translation(model: ResolvedModel, config: MtConfig) -> TranslationEngine:
    """A translation model. Raises ModelDamaged."""
    ensure_intact(model)
    return TranslationEngine(model.path, config)
