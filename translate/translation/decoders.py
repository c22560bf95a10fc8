"""Loads the model of a folder, with the library that runs it."""

from __future__ import annotations

from pathlib import Path

from translate.config import MtConfig
from translate.translation.ctranslate import CTranslate2Decoder
from translate.translation.decoding import Decoder
from translate.translation.marian.decoder import MarianDecoder
from translate.translation.tokenizer import Tokenizer, open_tokenizer

__all__ = ["open_decoder"]


def open_decoder(folder: Path, config: MtConfig, tokenizer: Tokenizer | None = None) -> Decoder:
    """The decoder of a model folder.

    Args:
        tokenizer: of the folder, if it is open already.

    Raises:
        ModelDamaged: the folder is incomplete, foreign or cannot be loaded.
        ConfigError: this machine cannot do the compute type.
    """
    tokenizer = tokenizer or open_tokenizer(folder)
    if tokenizer.style == "marian":
        return MarianDecoder(folder, tokenizer)
    return CTranslate2Decoder(folder, config, tokenizer)
