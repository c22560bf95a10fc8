"""What a Marian model is made of, as it says itself; anything that this engine does not compute is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

__all__ = ["Architecture", "read_architecture"]

_LONGEST_BYTES = 1 << 16
_DEEPEST = 8
"""Levels of the description; Marian's has two."""

_ONLY: dict[str, tuple[object, ...]] = {
    "type": ("transformer",),
    "transformer-decoder-autoreg": ("rnn",),
    "dec-cell": ("ssru",),
    "transformer-postprocess": ("dan",),
    "transformer-ffn-activation": ("relu",),
    "transformer-ffn-depth": ("2",),
}
"""Options that have to be stated, and what they may be."""
_OPTIONAL: dict[str, tuple[object, ...]] = {
    "transformer-preprocess": ("",),
    "transformer-postprocess-top": ("",),
    "transformer-postprocess-emb": ("d", ""),
    "transformer-decoder-ffn-depth": ("0", "2"),
    "transformer-no-projection": ("false",),
    "transformer-no-bias": ("false",),
    "transformer-no-affine": ("false",),
    "transformer-rnn-projection": ("false",),
    "transformer-pool": ("false",),
    "transformer-train-position-embeddings": ("false",),
    "transformer-disable-position-embeddings": ("false",),
    "transformer-tied-layers": ([], "", "~", "null"),
    "input-types": ([], "", "~", "null"),
    "lemma-dim-emb": ("0",),
    "factors-combine": ("sum",),
    "layer-normalization": ("false",),
    "right-left": ("false",),
    "ulr": ("false",),
}
"""Options that older versions of Marian do not state; they mean the first of the values then."""
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
    options = _options(text)
    for key, allowed in _ONLY.items():
        _check(key, options.get(key), allowed)
    for key, allowed in _OPTIONAL.items():
        _check(key, options.get(key, allowed[0]), allowed)
    sizes = {key: _size(options, key, most) for key, most in _SIZES.items()}
    if sizes["dim-emb"] % sizes["transformer-heads"] or sizes["dim-emb"] % 2:
        raise ValueError(f"dim-emb is {sizes['dim-emb']}, which {sizes['transformer-heads']} heads cannot share")
    tied_all = options.get("tied-embeddings-all") == "true"
    one = tied_all or options.get("tied-embeddings-src") == "true"
    tied = tied_all or options.get("tied-embeddings") == "true"
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


def _options(text: str) -> Mapping[str, object]:
    """The options as they are written: texts and lists, no types that a file could choose."""
    if len(text) > _LONGEST_BYTES:
        raise ValueError("its description is too long")
    try:
        _check_events(yaml.parse(text, yaml.BaseLoader))
        options = yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"its description is not YAML: {' '.join(str(error).split())[:120]}") from error
    if not isinstance(options, dict):
        raise ValueError("its description is not a list of options")
    return options


def _check_events(events: Iterable[yaml.Event]) -> None:
    """Refuse what costs more than it says: aliases, and depth, for which the parser's time grows with the square."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("its description refers to parts of itself")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"its description is not YAML as Marian writes it: over {_DEEPEST} levels deep")


def _check(key: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{key} is {_shown(value)}; this engine knows only {' or '.join(map(repr, allowed))}")


def _size(options: Mapping[str, object], key: str, most: int) -> int:
    value = options.get(key)
    size = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value) else 0
    if not 0 < size <= most:
        raise ValueError(f"{key} is {_shown(value)}")
    return size


def _shown(value: object) -> str:
    if value is None:
        return "not stated"
    return repr(value[:40]) if isinstance(value, str) else "a list"
