"""What passes between the service and the engines' process, pickled, over the pipes of each engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Answer", "Call", "Kept", "Load"]


@dataclass(frozen=True, slots=True)
class Kept:
    """Stands for an object that stays in the child (an encoded window)."""

    number: int
    """Random, of 128 bits: no other child, engine or session has it, so that it leads to this object or to none."""


@dataclass(frozen=True, slots=True)
class Load:
    """How the child makes an engine: ``module:name`` of a class or function, and its arguments."""

    factory: str
    args: tuple[Any, ...] = ()
    lanes: int = 1
    """Calls that it takes at once, each over a pipe of its own."""


@dataclass(frozen=True, slots=True)
class Call:
    """Call ``method`` of the engine; ``Kept`` arguments are replaced by what they stand for.

    An empty ``method`` only loads the engine.
    """

    method: str = ""
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()
    """Attributes of the engine to answer with, instead of calling anything."""
    keep: bool = False
    """The result stays in the child; ``Kept`` is answered."""
    forget: tuple[int, ...] = ()
    """Numbers of kept objects that are not needed any more; of unknown ones nothing is said."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a call, or the error that it raised."""

    value: Any = None
    error: BaseException | None = None
