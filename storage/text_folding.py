"""Folding of text for comparison: what people take for the same word is equal after it."""

import unicodedata

import regex

_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")


def fold_text(text: str) -> str:
    """Return `text` in NFKC with full case folding, without invisible characters (NFKC_Casefold).

    A capital dotted I becomes i: its case folding adds a dot above, which people do not type.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", _IGNORABLE.sub("", text)).casefold()
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")
