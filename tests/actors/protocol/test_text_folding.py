"""Folding, and matching by the start of a word."""

import pytest

from actors.protocol.text_folding import WordPrefix, fold_text


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("e\u0301", "\u00e9"),
        ("Straße", "STRASSE"),
        ("İpek", "i\u0307pek"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("می\u200cخواهم", "میخواهم"),
        ("\u2764\ufe0f", "\u2764"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_equal_after_folding(left: str, right: str) -> None:
    assert fold_text(left) == fold_text(right)


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
