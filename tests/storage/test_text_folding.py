"""Folding makes texts equal that people take for the same."""

import pytest

from storage.text_folding import fold_case, fold_text


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("e\u0301", "\u00e9"),
        ("Straße", "STRASSE"),
        ("İpek", "i\u0307pek"),
        ("İPEK", "ipek"),
        ("ｶﾀｶﾅ", "カタカナ"),
        ("می\u200cخواهم", "میخواهم"),
        ("\u2764\ufe0f", "\u2764"),
        ("\U00010400", "\U00010428"),
    ],
)
def test_equal_after_folding(left: str, right: str) -> None:
    assert fold_text(left) == fold_text(right)


def test_fold_case_keeps_invisible_characters() -> None:
    """A name with one is another name."""
    assert fold_case("Ａna\u200b") == "ana\u200b"
    assert fold_text("Ａna\u200b") == "ana"


def test_marks_without_end_are_cut() -> None:
    """Thirty after a character stay; sorting thousands of them would take seconds."""
    marks = "\u0301\u0316"
    folded = fold_text("a" + marks * 15 + "b")
    assert len(folded) == 31
    assert fold_text("a" + marks * 5000 + "b") == fold_text("a" + "\u200b".join([marks] * 50) + "b") == folded
