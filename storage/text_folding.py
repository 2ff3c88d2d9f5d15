"""Folding of text for comparison: what people take for the same word is equal after it."""

import unicodedata

import regex

_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
_MARKS_MAX = 30
"""Marks after a character, as in the stream-safe format of UAX #15: no script has more."""
_EXCESS_MARKS = regex.compile(rf"(?<=\p{{M}}{{{_MARKS_MAX}}})\p{{M}}+")


def fold_case(text: str) -> str:
    """Return `text` in NFKC with full case folding. The time grows with the square of successive marks.

    A capital dotted I becomes i: its case folding adds a dot above, which people do not type.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")


def fold_text(text: str) -> str:
    """Return `text` as `fold_case` does, without invisible characters (NFKC_Casefold).

    Marks above `_MARKS_MAX` after a character are left out, which bounds the time.
    """
    return fold_case(text if text.isascii() else _EXCESS_MARKS.sub("", _IGNORABLE.sub("", text)))
