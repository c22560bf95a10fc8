"""What holds of every session and every client, whatever happens: each promise once, as a function over events.

The functions take what one reader got, in order: the events of a session as it yields them, or the messages of a client
over all its connections. They raise ``AssertionError``. A client's texts are told apart by the log that its server's
hello named last; a session has no log, so that all its texts are of one.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from translate.events import EndOfStream, Transcript, Translation
from translate.protocol import ServerHello, Snapshot, SnapshotTranscript, SnapshotTranslation

__all__ = [
    "SILENCE",
    "Key",
    "committed_only_grows",
    "every_segment_is_final",
    "no_text_of_another",
    "nothing_left_running",
    "one_end",
    "one_end_per_session",
    "one_final_per_text",
    "queue_is_bounded",
    "revisions_count_up",
    "shown",
    "words_in_order",
]


SILENCE = "0"
"""The speaker of a word that nobody said: what is heard while a speaker is muted."""


class Key(NamedTuple):
    """Names one text: a segment in one language."""

    log: str | None
    kind: str
    """``transcript`` or ``translation``."""
    segment: int
    lang: str
    """Of a transcript empty: which language was spoken may turn out later."""


def _texts(events: Iterable[Any]) -> Iterator[tuple[Key, Any, bool]]:
    """Each revision of each text, and whether it came by itself and not in a snapshot."""
    log: str | None = None
    for event in events:
        if isinstance(event, ServerHello):
            log = event.log
        for part in event.segments if isinstance(event, Snapshot) else (event,):
            if isinstance(part, (Transcript, SnapshotTranscript)):
                yield Key(log, "transcript", part.segment, ""), part, not isinstance(event, Snapshot)
            elif isinstance(part, (Translation, SnapshotTranslation)):
                yield Key(log, "translation", part.segment, part.lang), part, not isinstance(event, Snapshot)


def shown(events: Iterable[Any]) -> dict[Key, Any]:
    """The newest revision of each text: what a reader has on the screen."""
    return {key: text for key, text, _ in _texts(events)}


def committed_only_grows(events: Iterable[Any]) -> None:
    """Committed text stands, nothing follows a final one, and revisions are numbered upwards."""
    last: dict[Key, Any] = {}
    for key, text, is_event in _texts(events):
        before = last.get(key)
        if before is not None:
            assert text.committed.startswith(before.committed), f"committed text was taken back: {before} {text}"
            assert not before.final or text.committed == before.committed, f"text after the final one: {before} {text}"
            assert text.rev > before.rev or (not is_event and text.rev == before.rev), f"old news: {before} {text}"
        last[key] = text


def revisions_count_up(events: Iterable[Any]) -> None:
    """Revisions of a session's texts are 1, 2, 3 ...; its segments are 0, 1, 2 ... in the order in which they begin."""
    revs: Counter[Key] = Counter()
    begun: list[int] = []
    for key, text, _ in _texts(events):
        revs[key] += 1
        assert text.rev == revs[key], f"revision {text.rev} where {revs[key]} was due: {text}"
        if key.kind == "transcript" and text.rev == 1:
            begun.append(text.segment)
    assert begun == list(range(len(begun))), f"segments begin in the order {begun}"


def one_final_per_text(events: Iterable[Any]) -> None:
    """No text is closed twice, so that nothing committed comes double; a final text has no tail."""
    finals = Counter(key for key, text, is_event in _texts(events) if is_event and text.final)
    doubled = {key: count for key, count in finals.items() if count > 1}
    assert not doubled, f"more than one final revision: {doubled}"
    assert not [text for _, text, _ in _texts(events) if text.final and text.tail], "a final text with a tail"


def every_segment_is_final(events: Sequence[Any], languages: Collection[str] = ()) -> None:
    """After the end: every segment has its final transcript, and a final translation into each of ``languages``.

    Args:
        events: of a session that came to its end.
        languages: those that were read from the beginning to the end.
    """
    texts = shown(events)
    for key in texts:
        if key.kind != "transcript":
            continue
        assert texts[key].final, f"a transcript was left open: {texts[key]}"
        for lang in languages:
            translation = texts.get(Key(key.log, "translation", key.segment, lang))
            assert translation is not None, f"segment {key.segment} was not translated into {lang}"
            assert translation.final, f"a translation was left open: {translation}"


def no_text_of_another(events: Iterable[Any], speakers: Collection[str]) -> None:
    """Every word ``SPEAKER.NUMBER`` is of one of ``speakers`` or :data:`SILENCE`, and a segment's are all of one."""
    for _, text, _ in _texts(events):
        found = {word.partition(".")[0] for word in text.committed.split()} - {SILENCE}
        assert found <= set(speakers), f"words of somebody else: {text.committed}"
        assert len(found) <= 1, f"words of two speakers: {text.committed}"


def words_in_order(events: Iterable[Any], modulus: int) -> int:
    """Transcripts read one after the other have every word once: ``7.0 7.1 7.2`` and so on in each talk.

    Args:
        events: of one log.
        modulus: the number after which words count from 0 again.

    Returns:
        How many words there are.
    """
    texts = sorted((key.segment, text.committed) for key, text in shown(events).items() if key.kind == "transcript")
    words = [word for _, committed in texts for word in committed.split()]
    counted: dict[str, list[int]] = defaultdict(list)
    for word in words:
        speaker, _, number = word.partition(".")
        counted[speaker].append(int(number))
    for speaker, numbers in counted.items():
        for before, after in itertools.pairwise(numbers):
            assert after in (0, (before + 1) % modulus), f"speaker {speaker}: word {after} follows {before}"
    return len(words)


def one_end(events: Sequence[Any]) -> None:
    """A session's last event, and no other, is ``EndOfStream``."""
    ends = [event for event in events if isinstance(event, EndOfStream)]
    assert len(ends) == 1, f"{len(ends)} ends"
    assert events[-1] is ends[0], f"something after the end: {events[-1]}"


def one_end_per_session(connection: Iterable[Any]) -> None:
    """A client hears of each session's end once, before it hears of the next session.

    Args:
        connection: messages of one connection.
    """
    session: str | None = None
    ends = 0
    for message in connection:
        if isinstance(message, ServerHello):
            if message.session != session:
                assert session is None or ends == 1, f"session {session} had {ends} ends"
                session, ends = message.session, 0
        elif isinstance(message, EndOfStream):
            ends += 1
            assert ends == 1, f"session {session} ended twice"
        elif isinstance(message, Transcript) and message.words:
            assert not ends, "words after the end of the session"


def queue_is_bounded(length: int, most: int) -> None:
    """A queue holds no more than it may."""
    assert length <= most, f"{length} wait where {most} may"


def nothing_left_running() -> None:
    """No task but the calling one is there."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"still running: {sorted(task.get_name() for task in left)}"
