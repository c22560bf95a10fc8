"""Training of a teacher or a student within a budget. A killed run resumes at its last checkpoint."""

from __future__ import annotations

import contextlib
import ctypes
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from translate.atomic import replacing

from .batches import IGNORED, Batch, Place, Stream
from .config import ModelConfig, Recipe, TrainConfig
from .devsets import dev_scores
from .errors import DistilError
from .model import Transformer, count_parameters
from .optimiser import Optimiser, rate_at
from .pacing import Pacer
from .prepare import Prepared
from .progress import Progress

__all__ = ["Trainer", "load_model", "tune_memory"]

_LONGEST_STEP_S = 20.0
"""A step that took longer was paused in between; the budget is not charged for the pause."""
_AVERAGE_EVERY = 8


def tune_memory() -> None:
    """Keep memory that is freed from now on (glibc): giving every large buffer back costs a third of the time."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        for option, value in ((-3, 1 << 30), (-1, (1 << 31) - 1), (-2, 1 << 28)):  # mmap, trim, top pad
            libc.mallopt(option, value)
        libc.malloc_trim(0)


def load_model(path: Path, device: torch.device | None = None) -> tuple[Transformer, dict[str, Any]]:
    """Return the averaged model of a checkpoint and the checkpoint."""
    if not path.exists():
        raise DistilError(f"{path}: no such checkpoint")
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = Transformer(ModelConfig(**state["shape"]), state["average"]["embedding.weight"].shape[0])
    model.load_state_dict(state["average"])
    return model.to(device or "cpu").eval(), state


class Trainer:
    """Trains one model until its budget is spent; see :meth:`run`."""

    def __init__(
        self,
        recipe: Recipe,
        shape: ModelConfig,
        train: TrainConfig,
        prepared: Prepared,
        folder: Path,
        progress: Progress,
        directions: Sequence[tuple[str, str]] = (),
    ) -> None:
        torch.manual_seed(recipe.seed)
        if not torch.cuda.is_available():
            tune_memory()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._recipe, self._shape, self._train, self._prepared = recipe, shape, train, prepared
        self._progress = progress
        self._path = folder / "checkpoint.pt"
        folder.mkdir(parents=True, exist_ok=True)
        self.model = Transformer(shape, prepared.tokenizer.get_piece_size()).to(self.device)
        self._average = {name: weight.detach().clone() for name, weight in self.model.named_parameters()}
        self._optimiser = Optimiser(self.model, train)
        self._directions = tuple(directions) or recipe.directions
        self._stream = Stream(recipe, prepared, train, self._directions)
        self.step, self.seconds, self.tokens, self.place = 0, 0.0, 0, Place()

    def resume(self) -> bool:
        """Load the folder's own checkpoint; return whether there was one."""
        if not self._path.exists():
            return False
        state = torch.load(self._path, map_location=self.device, weights_only=True)
        if state["shape"] != asdict(self._shape):
            raise DistilError(f"{self._path}: the checkpoint has another shape than the recipe")
        self._load(state)
        self._optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds, self.tokens = state["step"], state["seconds"], state["tokens"]
        self.place = Place(*state["place"])
        return True

    def start_from(self, path: Path) -> None:
        """Begin a new budget from another run's weights and momenta."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self._load(state)
        self._optimiser.load_state_dict(state["optimiser"])

    def start_from_model(self, model: Transformer) -> None:
        """Begin a budget from the weights of a model, without momenta."""
        self._load({"model": model.state_dict(), "average": dict(model.named_parameters())})

    def _load(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        self._average = {name: weight.detach().to(self.device, copy=True) for name, weight in state["average"].items()}

    def save(self) -> None:
        """Write the checkpoint; a kill leaves the one before or this one."""
        state = {
            "shape": asdict(self._shape),
            "model": self.model.state_dict(),
            "average": self._average,
            "optimiser": self._optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "tokens": self.tokens,
            "place": astuple(self.place),
        }
        with replacing(self._path, single_writer=True) as file:
            torch.save(state, file)

    @property
    def done(self) -> float:
        """Share of the budget that is spent."""
        if self._train.max_steps > 0:
            return self.step / self._train.max_steps
        return self.seconds / (self._train.hours * 3600)

    def _loss(self, batch: Batch) -> torch.Tensor:
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            logits = self.model(batch.source, batch.present, batch.target)
        return functional.cross_entropy(
            logits.flatten(0, 1).float(),
            batch.labels.flatten(),
            ignore_index=IGNORED,
            label_smoothing=self._train.label_smoothing,
        )

    @torch.no_grad()
    def _update_average(self) -> None:
        momentum = min(self._train.average**_AVERAGE_EVERY, self.step / (self.step + 10 * _AVERAGE_EVERY))
        for name, weight in self.model.named_parameters():
            self._average[name].lerp_(weight, 1 - momentum)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[Transformer]:
        """The model with its averaged weights, for scoring."""
        own = {name: weight.detach().clone() for name, weight in self.model.named_parameters()}
        self.model.load_state_dict(self._average)
        self.model.eval()
        try:
            yield self.model
        finally:
            self.model.load_state_dict(own)
            self.model.train()

    def score(self) -> None:
        with self.averaged() as model, torch.autocast(self.device.type, dtype=torch.bfloat16):
            scores = self._dev_scores(model)
        self._progress.log(event="scores", step=self.step, tokens=self.tokens, **scores)

    def _dev_scores(self, model: Transformer) -> dict[str, float]:
        tokenizer, sentences = self._prepared.tokenizer, self._train.score_sentences
        return dev_scores(model, self._recipe, tokenizer, self._directions, sentences)

    def run(self, *, until_step: int = 0) -> None:
        """Train until the budget is spent (or ``until_step`` is reached), then save and score."""
        self._progress.log(event="start", parameters=count_parameters(self.model), step=self.step, done=self.done)
        if self.done >= 1:
            return
        pacer = Pacer(self._train.threads)
        window = _Window(self.device, self.tokens)
        train = self._train
        log, save, score = _Timer(train.log_seconds), _Timer(train.save_seconds), _Timer(train.score_seconds)
        began = time.monotonic()
        for after, batch in self._stream.batches(self.place):
            window.add(self._learn(batch.to(self.device)))
            self.step, self.tokens, self.place = self.step + 1, self.tokens + batch.tokens, after
            if self.step % _AVERAGE_EVERY == 0:
                self._update_average()
            pacer.tick()
            now = time.monotonic()
            self.seconds += min(now - began, _LONGEST_STEP_S)
            if self.done >= 1 or self.step == until_step:
                break
            if log.due(now):
                self._report(window.close(self.tokens))
            if save.due(now):
                self.save()
            if score.due(now):
                self.score()
                window.restart(self.tokens)
                now = time.monotonic()  # scoring is not charged to the budget
            began = now
        self.save()
        self.score()

    def _learn(self, batch: Batch) -> torch.Tensor:
        """One step; returns the loss without waiting for it."""
        loss = self._loss(batch)
        torch.autograd.backward(loss)
        self._optimiser.step(self.done)
        return loss.detach()

    def _report(self, facts: dict[str, float]) -> None:
        if not math.isfinite(facts["loss"]):
            raise DistilError(f"step {self.step}: the loss is not finite; lower train.matrix_rate and vector_rate")
        rate = rate_at(self.done, self._train)
        place = {"epoch": self.place.epoch, "rate": rate, "done": self.done, "threads": torch.get_num_threads()}
        self._progress.log(event="train", step=self.step, tokens=self.tokens, **facts, **place)


class _Timer:
    """Says when so many seconds have passed since it last said so."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def due(self, now: float) -> bool:
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True


class _Window:
    """Loss and pace since the last report; the loss stays on its device until then."""

    def __init__(self, device: torch.device, tokens: int) -> None:
        self._device = device
        self.restart(tokens)

    def restart(self, tokens: int) -> None:
        self._sum, self._count = torch.zeros((), device=self._device), 0
        self._tokens, self._time = tokens, time.monotonic()

    def add(self, loss: torch.Tensor) -> None:
        self._sum, self._count = self._sum + loss, self._count + 1

    def close(self, tokens: int) -> dict[str, float]:
        """Mean loss and target tokens per second of the window; begins the next."""
        facts = {
            "loss": float(self._sum) / max(self._count, 1),
            "pace": (tokens - self._tokens) / max(time.monotonic() - self._time, 1e-9),
        }
        self.restart(tokens)
        return facts
