"""Folding makes texts equal that people take for the same."""

import pytest

from storage.text_folding import fold_text


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
