import pytest
from hypothesis import given
from hypothesis import strategies as st

from translate.translation import policy

TOKENS = st.lists(st.sampled_from(["▁a", "▁b", "c", "▁", "d", "<0xE4>"]), max_size=12).map(tuple)


def test_agreement_is_the_common_prefix() -> None:
    assert policy.agreed(["▁a", "b", "▁c"], ["▁a", "b", "▁d"]) == 2
    assert policy.agreed([], ["▁a"]) == 0


def test_support_ends_at_the_first_token_that_rests_past_the_limit() -> None:
    assert policy.rests_within([3, 1, 9, 2], 5) == 2
    assert policy.rests_within([3, 1], 5) == 2


@pytest.mark.parametrize(
    ("committed", "tail", "after", "limit"),
    [
        ("la casa", "", 1, 2),
        ("la casa", " blanca", 1, 7),
        ("la casa", " blanca", 2, 2),
        ("la casa", " blanca y", 2, 7),
        ("la", "", 1, 0),
        ("la", "", 0, 2),
        (" ", " tail", 1, 0),
        ("niño y", "", 1, 5),  # bytes
    ],
)
def test_a_committed_word_supports_nothing_until_words_follow(
    committed: str, tail: str, after: int, limit: int
) -> None:
    assert policy.support_limit(committed, tail, after=after, spaced=True) == limit


def test_two_characters_count_for_a_word_where_there_are_no_spaces() -> None:
    assert policy.support_limit("你好吗", "", after=1, spaced=False) == 3
    assert policy.support_limit("你好吗", "我很", after=1, spaced=False) == 9


def test_whole_words_are_committed_but_not_the_last_one() -> None:
    tokens = ["▁to", "morrow", "▁we", "▁go"]
    assert policy.committable(tokens, tokens, done=0, supported=4, spaced=True) == 3
    assert policy.committable(tokens, tokens, done=0, supported=1, spaced=True) == 0
    assert policy.committable(tokens, ["▁to", "▁we"], done=0, supported=4, spaced=True) == 0
    assert policy.committable(["▁house", "▁white", "▁x"], ["▁house", "s"], done=0, supported=3, spaced=True) == 0


def test_a_character_made_of_bytes_is_not_split() -> None:
    tokens = ["▁你", "<0xE5>", "<0xA5>", "<0xBD>", "吗", "好", "了"]
    assert policy.committable(tokens, tokens[:2], done=0, supported=7, spaced=False) == 0
    assert policy.committable(tokens, tokens, done=0, supported=7, spaced=False) == 5


@given(TOKENS, TOKENS, st.integers(0, 12), st.integers(0, 12), st.booleans())
def test_only_agreed_supported_whole_words_are_committed(
    hypothesis: tuple[str, ...], previous: tuple[str, ...], done: int, supported: int, spaced: bool
) -> None:
    done = min(done, len(hypothesis))
    count = policy.committable(hypothesis, previous, done=done, supported=supported, spaced=spaced)
    assert count >= done
    if count > done:
        assert count <= supported
        assert hypothesis[:count] == previous[:count]
        assert count < len(hypothesis)
        assert hypothesis[count].startswith("▁") if spaced else not hypothesis[count].startswith("<0x")
