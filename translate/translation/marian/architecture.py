"""What a Marian model is made of, as it says itself; anything that this engine does not compute is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

__all__ = ["Architecture", "read_architecture"]

_LONGEST_BYTES = 1 << 16

_ONLY: dict[str, tuple[object, ...]] = {
    "type": ("transformer",),
    "transformer-decoder-autoreg": ("rnn",),
    "dec-cell": ("ssru",),
    "transformer-preprocess": ("",),
    "transformer-postprocess": ("dan",),
    "transformer-postprocess-top": ("",),
    "transformer-ffn-activation": ("relu",),
    "transformer-ffn-depth": (2,),
}
"""Options with a value that has to be stated."""
_UNLESS_ABSENT: dict[str, tuple[object, ...]] = {
    "transformer-postprocess-emb": ("d", ""),
    "transformer-decoder-ffn-depth": (0, 2),
    "transformer-no-projection": (False,),
    "transformer-no-bias": (False,),
    "transformer-no-affine": (False,),
    "transformer-rnn-projection": (False,),
    "transformer-pool": (False,),
    "transformer-train-position-embeddings": (False,),
    "transformer-disable-position-embeddings": (False,),
    "transformer-tied-layers": ([], None),
    "input-types": ([], None),
    "lemma-dim-emb": (0,),
    "factors-combine": ("sum",),
    "layer-normalization": (False,),
    "right-left": (False,),
    "ulr": (False,),
}
"""Options whose absence means the first of the values."""
_SIZES = {"dim-emb": 4096, "transformer-heads": 64, "enc-depth": 48, "dec-depth": 48}
"""Numbers that have to be stated, and the largest that is believed."""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A Transformer encoder with an SSRU decoder (Kim et al. 2019, "From Research to Production and Back: Ludicrously
    Fast Neural Machine Translation")."""

    width: int
    """Numbers that stand for one token."""
    heads: int
    encoder_layers: int
    decoder_layers: int
    embeddings: str
    """The name of the encoder's embeddings."""
    target_embeddings: str
    """The name of the decoder's."""
    output: str
    """The name of the rows that a token of the output is chosen by."""
    aligned: bool
    """Whether the first head of the last decoder layer was trained to align words (guided alignment)."""


def read_architecture(text: str) -> Architecture:
    """What the ``special:model.yml`` of a model states.

    Raises:
        ValueError: it cannot be read, or the model needs something that is not computed here; the message names it.
    """
    if len(text) > _LONGEST_BYTES:
        raise ValueError("its description is too long")
    try:
        options = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"its description is not YAML: {' '.join(str(error).split())[:120]}") from error
    if not isinstance(options, dict):
        raise ValueError("its description is not a list of options")
    for key, allowed in _ONLY.items():
        _check(key, options.get(key), allowed)
    for key, allowed in _UNLESS_ABSENT.items():
        _check(key, options.get(key, allowed[0]), allowed)
    sizes = {key: _size(options, key, most) for key, most in _SIZES.items()}
    if sizes["dim-emb"] % sizes["transformer-heads"] or sizes["dim-emb"] % 2:
        raise ValueError(f"dim-emb is {sizes['dim-emb']}, which {sizes['transformer-heads']} heads cannot share")
    one = bool(options.get("tied-embeddings-all") or options.get("tied-embeddings-src"))
    tied = bool(options.get("tied-embeddings-all") or options.get("tied-embeddings"))
    target = "Wemb" if one else "decoder_Wemb"
    return Architecture(
        width=sizes["dim-emb"],
        heads=sizes["transformer-heads"],
        encoder_layers=sizes["enc-depth"],
        decoder_layers=sizes["dec-depth"],
        embeddings="Wemb" if one else "encoder_Wemb",
        target_embeddings=target,
        output=target if tied else "decoder_ff_logit_out_W",
        aligned=options.get("transformer-guided-alignment-layer", "last") in ("last", str(sizes["dec-depth"])),
    )


def _check(key: str, value: object, allowed: tuple[object, ...]) -> None:
    # True == 1 in Python
    if not any(value == each and isinstance(value, bool) == isinstance(each, bool) for each in allowed):
        raise ValueError(f"{key} is {str(value)[:40]!r}; this engine knows only {' or '.join(map(repr, allowed))}")


def _size(options: Mapping[str, Any], key: str, most: int) -> int:
    value = options.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= most:
        raise ValueError(f"{key} is {str(value)[:40]!r}")
    return value
