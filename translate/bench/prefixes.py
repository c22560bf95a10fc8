"""How steady translation is while a text grows word by word, and what that costs: time until it is read, and quality.

``python -m translate.bench.prefixes --from en --to es talk.en --references talk.es`` prints one line for re-translation
of every prefix and one for the policy of the service.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from translate.bench.extras import optional
from translate.bench.screen import common_prefix
from translate.config import MtConfig
from translate.languages import canonical
from translate.translation.direction import Direction
from translate.translation.engine import Translator
from translate.translation.policy import Steadiness
from translate.translation.segment import SegmentTranslator

__all__ = ["PrefixStability", "growing", "measure_prefixes", "measure_retranslation"]

UNCERTAIN_WORDS = 2
"""Words that recognition has not committed yet when it reports them."""
_ROW = "{:<28} erasure {:.2f}  first shown {:.2f}  stands {:.2f}  committed {:.2f}  {}"


@dataclass(frozen=True, slots=True)
class PrefixStability:
    """Over many sentences. Delays are source words heard beyond those that a target word would have at an even pace."""

    normalised_erasure: float
    """Words taken back for a word that stays (Arivazhagan et al. 2020)."""
    shown_words: float
    """Delay until as many words are shown."""
    standing_words: float
    """Delay until the word of the final text is shown and stays."""
    committed_words: float
    """Delay until it is committed."""
    texts: tuple[str, ...]
    """The final translations."""


Update = tuple[int, list[str], list[str]]
"""Source words heard; target words committed; target words shown, the committed ones among them."""


def growing(text: str, uncertain: int = UNCERTAIN_WORDS) -> Iterator[tuple[str, str, bool]]:
    """``text`` as recognition reports it, a word more each time: committed, tail, whether it is final."""
    words = text.split()
    for heard in range(1, len(words) + 1):
        certain = max(0, heard - uncertain)
        space = " " if certain else ""
        yield " ".join(words[:certain]), space + " ".join(words[certain:heard]), False
    yield " ".join(words), "", True


def measure_prefixes(
    engine: Translator,
    source: str,
    target: str,
    lines: Sequence[str],
    *,
    beam_size: int = MtConfig().beam_size,
    steadiness: Steadiness | None = None,
) -> PrefixStability:
    """The policy of the service on ``lines``, a sentence each."""

    def updates(line: str) -> Iterator[Update]:
        segment = SegmentTranslator(Direction(engine, source, target, beam_size), steadiness)
        for committed, tail, final in growing(line):
            stands, draft = segment.step(committed, tail, final=final)
            yield len((committed + tail).split()), stands.split(), (stands + draft).split()

    return _measured(updates, lines)


def measure_retranslation(engine: Translator, source: str, target: str, lines: Sequence[str]) -> PrefixStability:
    """Every prefix translated afresh, greedily, and shown as it is; nothing is committed before the end."""

    def updates(line: str) -> Iterator[Update]:
        words = line.split()
        for heard in range(1, len(words) + 1):
            shown = engine.translate(" ".join(words[:heard]), source=source, target=target).text.split()
            yield heard, shown if heard == len(words) else [], shown

    return _measured(updates, lines)


def _measured(updates: Callable[[str], Iterator[Update]], lines: Sequence[str]) -> PrefixStability:
    erased = final_words = 0
    shown_words = standing_words = committed_words = 0.0
    texts = []
    for line in lines:
        history = list(updates(line))
        if not history:
            continue
        final = history[-1][2]
        shown: list[str] = []
        for _, _, now in history:
            erased += len(shown) - common_prefix(shown, now)
            shown = now
        final_words += len(final)
        texts.append(" ".join(final))
        for place in range(len(final)):
            even = (place + 1) * len(line.split()) / len(final)
            first, stands, committed = _moments(history, final, place)
            shown_words += first - even
            standing_words += stands - even
            committed_words += committed - even
    words = max(1, final_words)
    return PrefixStability(
        erased / words, shown_words / words, standing_words / words, committed_words / words, tuple(texts)
    )


def _moments(history: Sequence[Update], final: Sequence[str], place: int) -> tuple[int, int, int]:
    """Source words heard when the word at ``place`` was first shown, when it was to stay, and when it was committed."""
    shown = next(heard for heard, _, now in history if len(now) > place)
    stands = history[-1][0]
    for heard, _, now in reversed(history):
        if common_prefix(now, final) <= place:
            break
        stands = heard
    committed = next(heard for heard, stays, _ in history if len(stays) > place)
    return shown, stands, committed


def _scores(texts: Sequence[str], references: Sequence[str]) -> str:
    sacrebleu = optional("sacrebleu")
    if sacrebleu is None or not references:
        return ""
    bleu, chrf = (sacrebleu.corpus_bleu(texts, [references]), sacrebleu.corpus_chrf(texts, [references]))
    return f"BLEU {bleu.score:.2f}  chrF2 {chrf.score:.2f}"


def _lines(path: Path | None) -> list[str]:
    return path.read_text("utf-8").splitlines() if path is not None else []


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "source", required=True, metavar="LANG")
@click.option("--to", "target", required=True, metavar="LANG")
@click.option("--references", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--every", type=click.IntRange(1), default=1, help="Take every Nth line.")
@click.option("--models", multiple=True, metavar="FOLDER", help="Model folders beside the installed ones.")
def main(path: Path, source: str, target: str, references: Path | None, every: int, models: tuple[str, ...]) -> None:
    """Measure the steadiness of translation on the lines of PATH."""
    from translate.inference import Translators

    source, target = canonical(source), canonical(target)
    engine = Translators(MtConfig(models=models)).route(source, target).hops[0].engine
    rows = [(n, line) for n, line in enumerate(_lines(path)[::every]) if line.strip()]
    lines, known = [line for _, line in rows], _lines(references)[::every]
    wanted = [known[n] for n, _ in rows] if known else []
    whole = [
        engine.translate(line, source=source, target=target, beam_size=MtConfig().beam_size).text for line in lines
    ]
    click.echo(f"{len(lines)} sentences; as a whole, beam {MtConfig().beam_size}: {_scores(whole, wanted)}")
    for name, measured in (
        ("every prefix afresh, greedy", measure_retranslation(engine, source, target, lines)),
        (
            "the service",
            measure_prefixes(engine, source, target, lines, steadiness=Steadiness(after_words=engine.after_words)),
        ),
    ):
        delays = (measured.shown_words, measured.standing_words, measured.committed_words)
        click.echo(_ROW.format(name, measured.normalised_erasure, *delays, _scores(measured.texts, wanted)))


if __name__ == "__main__":
    main()
