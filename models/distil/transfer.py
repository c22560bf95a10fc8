"""Go on from a Marian model of another pair: ``python -m models.distil.transfer RECIPE --work WORK --start FOLDER``.

A model that read some hundred million sentences of Portuguese and English knows most of what one for Spanish needs
(Zoph et al. 2016; Kocmi and Bojar 2018). It gets the vocabulary of the new pair (:mod:`.vocabulary`), vectors for what
is new in it (:func:`.ssru.carry_over`), and is trained on with AdamW at a rate that does not destroy what it knows.
Text, noise, batches and filters are those of the recipe (``prepare`` runs first); what is scored now and then is the
int8 folder in the engine that runs it later.

Killed at any moment, the same command goes on from the last checkpoint. A larger ``--tokens`` gives it more; as long as
the rate has not begun to fall, that is the same run as if it had been asked for so many from the start.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import math
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from torch import Tensor

from translate.atomic import replacing
from translate.manifest import STUDENT_TOKENIZER
from translate.translation.marian.decoder import MarianDecoder
from translate.translation.tokenizer import open_tokenizer

from .batches import IGNORED, Batch, Place, Stream
from .config import Recipe, load_recipe
from .devsets import bleu, chrf, read_dev
from .errors import DistilError
from .marian_file import MarianWeights, read_weights, write_folder
from .pacing import Pacer
from .prepare import Prepared, load_prepared, prepare
from .progress import Progress
from .shortlist import make_shortlist
from .ssru import EMBEDDINGS, SsruTransformer, carry_over
from .train import tune_memory
from .vocabulary import fit_from

__all__ = ["Budget", "Transfer", "main", "translate_lines"]

_AVERAGE_EVERY = 8
_TOGETHER = 24
"""Sentences that are translated at once for a score."""
_LARGEST_GRADIENT = 1.0
_SHORTLIST = "lex.bin"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Budget:
    """How long to train, counted in target tokens, and how fast."""

    tokens: int = 20_000_000
    warmup: int = 150_000
    decay: float = 0.3
    """Share of ``tokens`` at the end over which the rate falls to zero."""
    rate: float = 1.5e-4
    embeddings_rate: float = 4e-4
    average: float = 0.98
    """Of the averaged weights, that are scored and exported, what is kept every 8 steps."""
    score_every: int = 500_000
    most_seconds: float = math.inf

    def share(self, tokens: int) -> float:
        """Share of the full rate after ``tokens``: up over ``warmup``, flat, down to zero over ``decay``."""
        up = (tokens + 1) / self.warmup if self.warmup else 1.0
        down = (self.tokens - tokens) / (self.tokens * self.decay) if self.decay else 1.0
        return max(0.0, min(1.0, up, down))


class Transfer:
    """One direction on its way; the folder holds ``prepared/``, ``ck.pt`` and ``log.jsonl``."""

    def __init__(self, recipe: Recipe, prepared: Prepared, budget: Budget, work: Path, progress: Progress) -> None:
        if len(recipe.directions) != 1:
            raise DistilError(f"{recipe.path}: a model of Marian has one direction; name one in directions")
        torch.manual_seed(recipe.seed)
        self._recipe, self._prepared, self._budget, self._progress = recipe, prepared, budget, progress
        self._direction = recipe.directions[0]
        self._work = work
        self._path = work / "ck.pt"
        shortlist = prepared.tokenizer_path.with_name(_SHORTLIST)
        self._shortlist = shortlist if shortlist.exists() else None
        self._description = ""
        self.tokens, self.step, self.place = 0, 0, Place()

    def begin(self, start: MarianWeights, tokenizer: sentencepiece.SentencePieceProcessor) -> None:
        """Take the weights of a model, and its knowledge of pieces for the vocabulary of the recipe."""
        self._take(start.description, carry_over(start.weights, tokenizer, self._prepared.tokenizer))
        self._average = {name: weight.detach().clone() for name, weight in self.network.weights.items()}

    def resume(self) -> bool:
        """Go on from the checkpoint; return whether there was one.

        Raises:
            DistilError: it is for another vocabulary than that of the recipe.
        """
        if not self._path.exists():
            return False
        state = torch.load(self._path, map_location="cpu", weights_only=True)
        size = len(state["weights"][EMBEDDINGS])
        if size != self._prepared.tokenizer.get_piece_size():
            raise DistilError(f"{self._path}: the checkpoint has {size} tokens, the vocabulary does not")
        self._take(state["description"], {name: weight.numpy() for name, weight in state["weights"].items()})
        self._average = state["average"]
        self._optimiser.load_state_dict(state["optimiser"])
        self.tokens, self.step, self.place = state["tokens"], state["step"], Place(*state["place"])
        return True

    def _take(self, description: str, weights: dict[str, Any]) -> None:
        self._description = description
        self.network = SsruTransformer(MarianWeights(description, {}).architecture, weights)
        names = [name for name in sorted(weights) if name != EMBEDDINGS]  # the state of the optimiser has no names
        self._optimiser = torch.optim.AdamW(
            [
                {"params": [self.network.weights[EMBEDDINGS]]},
                {"params": [self.network.weights[name] for name in names]},
            ],
            lr=self._budget.rate,
            betas=(0.9, 0.98),
            eps=1e-8,
            weight_decay=0.01,
            fused=True,
        )

    def save(self) -> None:
        """Write the checkpoint."""
        state = {
            "description": self._description,
            "weights": {name: weight.detach() for name, weight in self.network.weights.items()},
            "average": self._average,
            "optimiser": self._optimiser.state_dict(),
            "tokens": self.tokens,
            "step": self.step,
            "place": astuple(self.place),
        }
        with replacing(self._path, single_writer=True) as file:
            torch.save(state, file)

    def export(self, folder: Path) -> None:
        """Write the averaged weights as a model folder, in int8."""
        weights = {name: weight.numpy() for name, weight in self._average.items()}
        model = MarianWeights(self._description, weights)
        write_folder(folder, model, self._prepared.tokenizer_path, self._direction, self._shortlist)

    def score(self) -> dict[str, float]:
        """BLEU and chrF2 of the first lines of every development set, greedy, by the engine and the files that ship."""
        folder = self._work / "scored"
        self.export(folder)
        scores: dict[str, float] = {}
        for name in self._recipe.dev:
            sides = read_dev(self._recipe, name, *self._direction)
            lines, references = (side[: self._recipe.train.score_sentences] for side in sides)
            found = translate_lines(folder, lines, self._direction)
            scores |= {name: bleu(found, references), f"{name} chrF2": chrf(found, references)}
        self._progress.log(event="scores", step=self.step, tokens=self.tokens, **scores)
        return scores

    def run(self) -> None:
        """Train until the budget is spent or the process is asked to end (SIGTERM, SIGINT); then save."""
        train, budget = self._recipe.train, self._budget
        self._progress.log(event="start", step=self.step, tokens=self.tokens, budget=budget.tokens)
        stream = Stream(self._recipe, self._prepared, train)
        pacer = Pacer(train.threads)
        began = saved = said = time.monotonic()
        window = _Window(self.tokens)
        with _asked_to_end() as asked:
            for after, batch in stream.batches(self.place):
                window.add(self._learn(batch))
                scored = self.tokens // budget.score_every
                self.tokens, self.step, self.place = self.tokens + batch.tokens, self.step + 1, after
                if self.step % _AVERAGE_EVERY == 0:
                    self._follow()
                pacer.tick()
                now = time.monotonic()
                if asked or self.tokens >= budget.tokens or now - began > budget.most_seconds:
                    break
                if now - said > train.log_seconds:
                    self._report(window.close(self.tokens))
                    said = now
                if now - saved > train.save_seconds:
                    self.save()
                    saved = now
                if self.tokens // budget.score_every > scored:
                    self.save()
                    self.score()
                    said = saved = time.monotonic()
                    window = _Window(self.tokens)
        self.save()
        if not asked:
            self.score()

    def _learn(self, batch: Batch) -> float:
        """One step; returns the loss."""
        share = self._budget.share(self.tokens)
        rates = self._budget.embeddings_rate, self._budget.rate
        for group, rate in zip(self._optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * share
        loss = self._loss(batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT, foreach=True)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        return float(loss.detach())

    def _loss(self, batch: Batch) -> Tensor:
        present = batch.labels != IGNORED
        said = self.network(batch.source, batch.present, batch.target)[present]
        return self.network.loss(said, batch.labels[present], self._recipe.train.label_smoothing)

    @torch.no_grad()
    def _follow(self) -> None:
        updates = self.step // _AVERAGE_EVERY
        momentum = min(self._budget.average, updates / (updates + 10))
        for name, weight in self.network.weights.items():
            self._average[name].lerp_(weight, 1 - momentum)

    def _report(self, facts: dict[str, float]) -> None:
        if not math.isfinite(facts["loss"]):
            raise DistilError(f"step {self.step}: the loss is not finite; lower --rate")
        share = self._budget.share(self.tokens)
        self._progress.log(
            event="train", step=self.step, tokens=self.tokens, epoch=self.place.epoch, **facts, rate=share,
            threads=torch.get_num_threads(),
        )  # fmt: skip


class _Window:
    """Loss and pace since the last report."""

    def __init__(self, tokens: int) -> None:
        self._tokens, self._time = tokens, time.monotonic()
        self._sum, self._count = 0.0, 0

    def add(self, loss: float) -> None:
        self._sum, self._count = self._sum + loss, self._count + 1

    def close(self, tokens: int) -> dict[str, float]:
        """Mean loss, and target tokens a second; begins the next window."""
        seconds = max(time.monotonic() - self._time, 1e-9)
        facts = {"loss": self._sum / max(self._count, 1), "pace": (tokens - self._tokens) / seconds}
        self.__init__(tokens)  # type: ignore[misc]
        return facts


@contextlib.contextmanager
def _asked_to_end() -> Iterator[list[int]]:
    """The signals that asked this process to end, as they come; the second of them ends it at once."""
    asked: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask(number: int, _frame: object) -> None:
        asked.append(number)
        for each, handler in before.items():
            signal.signal(each, handler)

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def translate_lines(folder: Path, lines: Sequence[str], direction: tuple[str, str], beam_size: int = 1) -> list[str]:
    """Translate lines with our engine for Marian's models; one of which it knows nothing stays empty."""
    tokenizer = open_tokenizer(folder)
    decoder = MarianDecoder(folder, tokenizer)
    source, target = direction
    encoded = {
        i: parts[0] for i, line in enumerate(lines) if (parts := tokenizer.encode(line, source=source, target=target))
    }
    order = sorted(encoded, key=lambda i: len(encoded[i].tokens))
    found = [""] * len(lines)
    for first in range(0, len(order), _TOGETHER):
        some = order[first : first + _TOGETHER]
        longest = 2 * max(len(encoded[i].tokens) for i in some) + 10
        results = decoder.decode(
            [encoded[i] for i in some], [()] * len(some), target=target, beam_size=beam_size, longest=longest
        )
        for i, result in zip(some, results, strict=True):
            found[i] = tokenizer.decode(result.tokens)
    return found


@contextlib.contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Hold the folder: two runs in one would overwrite each other's checkpoints."""
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DistilError(f"{work}: another run works there; stop it first") from None
        yield


def _parser() -> argparse.ArgumentParser:
    plan = Budget()
    parser = argparse.ArgumentParser(
        prog="python -m models.distil.transfer", description="Go on from a Marian model of another pair."
    )
    parser.add_argument("recipe", type=Path, metavar="RECIPE", help="a TOML file with one direction")
    parser.add_argument("--work", type=Path, required=True, metavar="FOLDER", help="text and checkpoint")
    parser.add_argument("--start", type=Path, metavar="FOLDER", help="the model to go on from (the first time)")
    parser.add_argument("--tokens", type=float, default=plan.tokens, help="target tokens in all (%(default)s)")
    parser.add_argument("--decay", type=float, default=plan.decay, help="share over which the rate falls")
    parser.add_argument("--rate", type=float, default=plan.rate, help="(%(default)s)")
    parser.add_argument("--embeddings-rate", type=float, default=plan.embeddings_rate, help="(%(default)s)")
    parser.add_argument("--score-every", type=float, default=plan.score_every, help="target tokens (%(default)s)")
    parser.add_argument("--hours", type=float, default=math.inf, help="stop after that time at the latest")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="changes", help="see distil")
    parser.add_argument("--export", type=Path, metavar="FOLDER", help="write the checkpoint's model there, and end")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    work: Path = arguments.work
    progress = Progress(None if arguments.export else work / "log.jsonl")
    recipe = dataclasses.replace(load_recipe(arguments.recipe, arguments.changes), work=str(work.resolve()))
    budget = Budget(
        tokens=int(arguments.tokens), decay=arguments.decay, rate=arguments.rate,
        embeddings_rate=arguments.embeddings_rate, score_every=int(arguments.score_every),
        most_seconds=arguments.hours * 3600,
    )  # fmt: skip
    if arguments.export:
        transfer = Transfer(recipe, load_prepared(work / "prepared"), budget, work, progress)
        if not transfer.resume():
            raise DistilError(f"{work}: no checkpoint there")
        transfer.export(arguments.export)
        progress.say(f"{arguments.export}: the model after {transfer.tokens} target tokens")
        return
    with _alone(work):
        if not (work / "prepared" / STUDENT_TOKENIZER).exists():
            fit = fit_from(open_tokenizer(arguments.start).source_model) if arguments.start else None
            prepare(recipe, work / "prepared", progress, fit)
        prepared = load_prepared(work / "prepared")
        if not (work / "prepared" / _SHORTLIST).exists():
            progress.say("making the shortlist")
            make_shortlist(recipe, prepared, work / "prepared" / _SHORTLIST)
        transfer = Transfer(recipe, prepared, budget, work, progress)
        if not transfer.resume():
            if arguments.start is None:
                raise DistilError(f"{work}: no checkpoint there; name a model to go on from with --start")
            start = read_weights(arguments.start)
            transfer.begin(start, open_tokenizer(arguments.start).source_model)
        tune_memory()
        transfer.run()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status, 2 for a mistake that one line explains."""
    try:
        _run(_parser().parse_args(arguments))
    except DistilError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
