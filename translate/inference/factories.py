"""Makes engines in the engines' process: every time from files that are held against their hashes first.

A child is started again at any time, months after the service has checked its models, and a damaged file may load
without a complaint and write nonsense.
"""

from __future__ import annotations

from collections.abc import Mapping

from translate.config import AsrConfig, MtConfig
from translate.registry import ResolvedModel, ensure_intact
from translate.speech.whisper import WhisperEngine
from translate.translation.decoders import open_decoder
from translate.translation.decoding import Decoder

__all__ = ["decoder", "whisper"]


def whisper(model: ResolvedModel, config: AsrConfig, terms: Mapping[str, tuple[str, ...]]) -> WhisperEngine:
    """Recognition. Raises ModelDamaged."""
    ensure_intact(model)
    return WhisperEngine(model.path, config, terms)


def decoder(model: ResolvedModel, config: MtConfig) -> Decoder:
    """A translation model, from tokens to tokens. Raises ModelDamaged."""
    ensure_intact(model)
    return open_decoder(model.path, config)
