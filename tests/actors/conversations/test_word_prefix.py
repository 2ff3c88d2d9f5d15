"""Matching by the start of a word."""

import pytest

from actors.conversations.word_prefix import WordPrefix


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("newc", "Bert Newcomer"),
        ("bert new", "Bert Newcomer"),
        ("ΝΕΟΣ", "Άλκης Νέος".replace("έ", "ε")),
        ("o'b", "Pat O'Brien"),
        ("bri", "Pat O'Brien"),
        ("smith", "Ann-Marie Smith-Jones"),
        ("jones", "Ann-Marie Smith-Jones"),
        ("ipek", "Ada İpek"),
        ("花見", "「花見」大会"),
        ("見", "花見"),
        ("ben", "x_ben.y"),
        ("👍", "Ana 👍"),
        (".*", "a .* b"),
    ],
)
def test_query_matches_the_start_of_a_word(query: str, text: str) -> None:
    assert WordPrefix(query).matches(text)


@pytest.mark.parametrize(
    ("query", "text"), [("ert", "Bert"), ("comer", "Newcomer"), (".*", "abc"), ("x", "")]
)
def test_query_does_not_match_within_a_word(query: str, text: str) -> None:
    assert not WordPrefix(query).matches(text)
