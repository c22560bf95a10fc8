"""Models that CTranslate2 runs: our students, OPUS-MT, NLLB."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

from translate.config import MtConfig
from translate.errors import ConfigError, ModelDamaged
from translate.translation.decoding import REPEATED_TOKENS, REPETITION_PENALTY, Decoded, rests_on
from translate.translation.files import target_index_of
from translate.translation.tokenizer import Encoded, Tokenizer

__all__ = ["CTranslate2Decoder"]

_REPEATS_FORBIDDEN = {"no_repeat_ngram_size": REPEATED_TOKENS, "repetition_penalty": REPETITION_PENALTY}


class CTranslate2Decoder:
    """The :class:`~translate.translation.decoding.Decoder` of a CTranslate2 folder.

    Raises:
        ModelDamaged: the folder cannot be loaded.
        ConfigError: this machine cannot do the compute type.
    """

    def __init__(self, folder: Path, config: MtConfig, tokenizer: Tokenizer) -> None:
        self._model = _load(folder, config)
        self._tokenizer = tokenizer
        self._index = target_index_of(folder)
        """The place of each target token in what the model puts out."""

    def decode(
        self,
        batch: Sequence[Encoded],
        prefixes: Sequence[Sequence[str]],
        *,
        target: str,
        beam_size: int,
        longest: int,
        align: bool = False,
        forbid_repeats: bool = False,
    ) -> list[Decoded]:
        """See :meth:`Decoder.decode`."""
        start = self._tokenizer.start(target)
        skip = len(start)
        results = self._model.translate_batch(
            [part.tokens for part in batch],
            target_prefix=[[*start, *prefix] for prefix in prefixes],
            beam_size=beam_size,
            max_decoding_length=skip + longest,
            max_input_length=0,
            disable_unk=True,
            return_scores=True,
            return_attention=align,
            return_logits_vocab=align and beam_size == 1,
            **(_REPEATS_FORBIDDEN if forbid_repeats else {}),
        )
        found = []
        for part, result in zip(batch, results, strict=True):
            tokens = tuple(result.hypotheses[0][skip:])
            places = rests_on(np.asarray(result.attention[0][skip:]), part) if align and tokens else None
            gaps = self._gaps(tokens, result.logits[0][skip:]) if align and result.logits else None
            found.append(Decoded(tokens, result.scores[0], places, gaps, ended=len(tokens) < longest))
        return found

    def _gaps(self, tokens: Sequence[str], logits: Sequence[Any]) -> tuple[float, ...]:
        """``logits``: those of the whole vocabulary for each step, forced steps among them."""
        index = self._index
        rows = (np.asarray(row) for row in logits)
        return tuple(float(row.max() - row[index[token]]) for token, row in zip(tokens, rows, strict=False))


def _load(folder: Path, config: MtConfig) -> Any:
    known = ctranslate2.get_supported_compute_types("cpu") | {"default", "auto"}
    if config.compute_type not in known:
        raise ConfigError(
            f"mt.compute_type {config.compute_type!r} does not run here; choose one of {', '.join(sorted(known))}"
        )
    try:
        return ctranslate2.Translator(
            str(folder),
            device="cpu",
            compute_type=config.compute_type,
            inter_threads=1,
            intra_threads=config.threads,
        )
    except (RuntimeError, ValueError, MemoryError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelDamaged(f"cannot load the translation model {folder}: {reason}") from error
