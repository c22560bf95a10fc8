"""The small files of a model folder. What cannot be read raises ModelDamaged, with the path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from translate.errors import ModelDamaged

__all__ = ["one_line", "read_json", "target_index_of", "vocabulary_of"]


def vocabulary_of(folder: Path) -> frozenset[str]:
    """The tokens that the encoder knows."""
    return frozenset(_tokens(folder, "source"))


def target_index_of(folder: Path) -> dict[str, int]:
    """The place of each token in what the decoder puts out."""
    return {token: i for i, token in enumerate(_tokens(folder, "target"))}


def _tokens(folder: Path, side: str) -> list[str]:
    """The tokens of the encoder (``source``) or the decoder (``target``) in the order of their ids."""
    for name in ("shared_vocabulary", f"{side}_vocabulary"):
        if (folder / f"{name}.json").is_file():
            tokens = read_json(folder / f"{name}.json")
            if isinstance(tokens, list) and all(isinstance(token, str) for token in tokens):
                return tokens
            raise ModelDamaged(f"{folder / name}.json is not a list of tokens")
        if (folder / f"{name}.txt").is_file():
            return _text(folder / f"{name}.txt").split("\n")
    raise ModelDamaged(f"{folder} has no shared_vocabulary.json or {side}_vocabulary.json")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelDamaged(f"cannot read {path}: {one_line(error)}") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise ModelDamaged(f"{path} is not JSON: {one_line(error)}") from error


def one_line(error: Exception) -> str:
    """What went wrong, as part of a message."""
    return " ".join(str(error).split())[:200]
