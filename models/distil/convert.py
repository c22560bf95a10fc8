"""Conversion of a trained model to a folder of CTranslate2 in int8, and of such a folder back to a model."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import sentencepiece
import torch
from torch import Tensor, nn

from translate.manifest import STUDENT_TOKENIZER

from .config import ModelConfig
from .errors import DistilError
from .model import Transformer
from .spelling import with_letter

__all__ = ["convert", "read_weights", "unpack", "vocabulary"]

_DTYPES = ("float32", "int8", "int16", "int32", "float16")


def vocabulary(tokenizer: sentencepiece.SentencePieceProcessor) -> list[str]:
    """The pieces in the order of their ids."""
    return [tokenizer.id_to_piece(number) for number in range(tokenizer.get_piece_size())]


def _layers(config: ModelConfig) -> Iterator[tuple[str, str]]:
    """Every norm and every linear layer: its name here and its scope in CTranslate2."""
    yield "encoder_norm", "encoder/layer_norm"
    yield "decoder_norm", "decoder/layer_norm"
    for stack, layers in (("encoder", config.encoder_layers), ("decoder", config.decoder_layers)):
        for number in range(layers):
            here, there = f"{stack}.{number}", f"{stack}/layer_{number}"
            blocks = [
                ("attention", "self_attention", ["query_key_value", "output"]),
                ("feed_forward", "ffn", ["inner", "output"]),
            ]
            if stack == "decoder":
                blocks.append(("cross", "attention", ["query", "key_value", "output"]))
            for block, scope, linears in blocks:
                yield f"{here}.{block}.norm", f"{there}/{scope}/layer_norm"
                for place, linear in enumerate(linears):
                    yield f"{here}.{block}.{linear}", f"{there}/{scope}/linear_{place}"


def _array(weight: Tensor) -> Any:
    return weight.detach().float().cpu().clone().numpy()  # a copy: quantisation works in place


def _specification(model: Transformer, pieces: Sequence[str], unknown_letter: str = "") -> Any:
    from ctranslate2.specs import TransformerSpec
    from ctranslate2.specs.model_spec import index_spec

    config = model.config
    # The service reads the attention to know which source words a translation rests on. The mean of all heads of the
    # last layer points at the copied word for 95 % of names and numbers; its first head for 87 to 93 %.
    layers = (config.encoder_layers, config.decoder_layers)
    spec = TransformerSpec.from_config(layers, config.heads, alignment_heads=config.heads)
    embedding, bias = _array(model.embedding.weight), _array(model.output_bias)
    if unknown_letter:
        embedding, bias = np.concatenate([embedding, embedding[:1]]), np.concatenate([bias, bias[:1]])  # those of <unk>
    spec.encoder.embeddings[0].weight = embedding
    spec.decoder.embeddings.weight = embedding
    spec.decoder.projection.weight = embedding
    spec.decoder.projection.bias = bias
    for name, scope in _layers(config):
        layer, part = model.get_submodule(name), index_spec(spec, scope)
        if isinstance(layer, nn.LayerNorm):
            part.gamma, part.beta = _array(layer.weight), _array(layer.bias)
        elif isinstance(layer, nn.Linear):
            part.weight, part.bias = _array(layer.weight), _array(layer.bias)
    spec.register_source_vocabulary(list(pieces))
    spec.register_target_vocabulary(list(pieces))
    spec.config.add_source_eos = True
    spec.config.decoder_start_token = "<s>"
    return spec


def convert(
    model: Transformer, tokenizer_path: Path, folder: Path, quantisation: str = "int8", unknown_letter: str = ""
) -> None:
    """Write ``model.bin``, ``config.json``, ``shared_vocabulary.json`` and ``spm.model`` into ``folder``.

    Args:
        unknown_letter: what ``<unk>`` stood for in training, mostly: it gets a piece of its own, with the weights of
            ``<unk>``.
    """
    try:
        import ctranslate2  # noqa: F401
    except ImportError:
        raise DistilError("the step 'convert' needs ctranslate2") from None
    proto = tokenizer_path.read_bytes()
    if unknown_letter:
        proto = with_letter(proto, unknown_letter)
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=proto)
    spec = _specification(model, vocabulary(tokenizer), unknown_letter)
    spec.validate()
    spec.optimize(quantization=quantisation)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    (folder / STUDENT_TOKENIZER).write_bytes(proto)


def _number(file: IO[bytes], kind: str) -> int:
    return int(struct.unpack(f"<{kind}", file.read(struct.calcsize(kind)))[0])


def _string(file: IO[bytes]) -> str:
    return file.read(_number(file, "H"))[:-1].decode()


def read_weights(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read the variables of a CTranslate2 ``model.bin`` (binary version 6)."""
    try:
        with path.open("rb") as file:
            if _number(file, "I") != 6 or _string(file) != "TransformerSpec":
                raise DistilError(f"{path}: not a Transformer of CTranslate2's binary version 6")
            _number(file, "I")
            weights: dict[str, npt.NDArray[Any]] = {}
            for _ in range(_number(file, "I")):
                name = _string(file)
                shape = [_number(file, "I") for _ in range(_number(file, "B"))]
                dtype = _DTYPES[_number(file, "B")]
                weights[name] = np.frombuffer(file.read(_number(file, "I")), dtype).reshape(shape)
            aliases = [(_string(file), _string(file)) for _ in range(_number(file, "I"))]
    except FileNotFoundError:
        raise DistilError(f"{path}: no such file") from None
    except (struct.error, IndexError, ValueError):
        raise DistilError(f"{path}: damaged") from None
    return weights | {name: weights[other] for name, other in aliases}


def _dense(weights: Mapping[str, npt.NDArray[Any]], name: str) -> Tensor:
    value = weights[name].astype(np.float32)
    scale = weights.get(f"{name}_scale")
    return torch.from_numpy(value if scale is None else value / scale[:, None])


def _count(weights: Mapping[str, npt.NDArray[Any]], stack: str) -> int:
    layers = (name.split("/")[1] for name in weights if name.startswith(f"{stack}/layer_"))
    return len({layer for layer in layers if layer != "layer_norm"})


def unpack(folder: Path) -> Transformer:
    """The model in a converted folder, with the precision of int8, for further training."""
    weights = read_weights(folder / "model.bin")
    try:
        embedding = _dense(weights, "decoder/embeddings/weight")
        config = ModelConfig(
            encoder_layers=_count(weights, "encoder"),
            decoder_layers=_count(weights, "decoder"),
            width=embedding.shape[1],
            heads=int(weights["encoder/num_heads"]),
            feed_forward=weights["encoder/layer_0/ffn/linear_0/weight"].shape[0],
        )
        state = {"embedding.weight": embedding, "output_bias": _dense(weights, "decoder/projection/bias")}
        for name, scope in _layers(config):
            first, second = ("gamma", "beta") if scope.endswith("norm") else ("weight", "bias")
            state[f"{name}.weight"] = _dense(weights, f"{scope}/{first}")
            state[f"{name}.bias"] = _dense(weights, f"{scope}/{second}")
        model = Transformer(config, embedding.shape[0])
        model.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise DistilError(f"{folder}: not a student of this recipe ({error})") from None
    return model
