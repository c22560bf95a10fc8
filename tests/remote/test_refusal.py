"""What refusals and failures mean for a remote talk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.errors import NotAllowedError
from translate.protocol import Failure
from translate.remote.refusal import pause_s, why_refused

BUSY = Failure(code="busy", message="all places are taken", retryable=True, retry_after_s=20)


@pytest.mark.parametrize("code", [1013, 4409])
def test_a_taken_place_ends_a_talk_that_never_began_and_is_waited_for_by_one_that_had(code: int) -> None:
    error = why_refused(code, BUSY, had_begun=False)
    assert error is not None
    assert str(error) == "all places are taken"
    assert error.retry_after_s == 20
    assert why_refused(code, BUSY, had_begun=True) is None


@pytest.mark.parametrize("code", [4400, 4401, 4404])
@pytest.mark.parametrize("had_begun", [True, False])
def test_what_no_second_try_can_mend_ends_any_talk(code: int, had_begun: bool) -> None:
    error = why_refused(code, None, had_begun=had_begun)
    assert error is not None
    assert str(code) in str(error)
    assert isinstance(error, NotAllowedError) == (code == 4401)


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1011])
def test_a_broken_connection_is_no_refusal(code: int | None) -> None:
    assert why_refused(code, None, had_begun=False) is None


@given(failures=st.integers(0, 100_000), chance=st.floats(0, 1), asked_s=st.none() | st.floats(0, 600))
def test_a_pause_is_bounded_and_never_shorter_than_asked(failures: int, chance: float, asked_s: float | None) -> None:
    refusal = Failure(code="busy", message="", retryable=True, retry_after_s=asked_s)
    pause = pause_s(failures, refusal, chance)
    assert 0.25 <= pause <= max(8.0, (asked_s or 0) * 1.1)
    assert pause >= (asked_s or 0)
    assert pause_s(failures + 1, refusal, chance) >= pause
