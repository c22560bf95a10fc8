"""How fast this machine is, told while others use it."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from translate.cli.machine import best_ms, measure
from translate.registry import default_registry


@given(st.floats(0.001, 1), st.lists(st.floats(0, 10), min_size=3, max_size=9))
def test_what_others_take_from_the_machine_is_not_charged_to_it(alone_s: float, taken_s: list[float]) -> None:
    taken_s = [*taken_s, 0.0]  # once it was left alone
    now_s = 0.0
    waits: Iterator[float] = iter([5.0, *taken_s])

    def run() -> None:
        nonlocal now_s
        now_s += alone_s + next(waits)

    found = best_ms(run, len(taken_s), lambda: now_s)
    assert abs(found - alone_s * 1000) < 1e-6 * 1000


def test_no_part_of_an_update_is_free() -> None:
    model = default_registry().resolve("whisper-tiny.en", kind="whisper")
    speed = measure(model.path, "int8", 1)
    assert speed.decode_token_ms > 0
    assert speed.update_ms > speed.decode_token_ms * 18
