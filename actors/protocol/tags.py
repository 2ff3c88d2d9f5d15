"""Tags in text: `#tag`. `tests/tag_cases.json` has the cases; the browser client has the same rule.

A tag consists of letters, marks, digits and underscores of any script, with at least one letter. What
continues a word, an address or a URL is no tag. Scripts without spaces may precede it directly.
"""

import unicodedata
from typing import Final

import regex

from actors.protocol.errors import invalid_field
from config.limits import TAG_CHARACTERS
from storage.text_folding import fold_text

# ZWNJ is part of words in Persian. JavaScript reads the pattern alike.
_WORD: Final = r"\p{L}\p{M}\p{N}_\u200c"
_TAG: Final = rf"[\p{{M}}\p{{N}}_\u200c]*\p{{L}}[{_WORD}]*"
_UNSPACED: Final = "".join(
    rf"\p{{Script={script}}}" for script in ("Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar")
)
_IN_TEXT: Final = regex.compile(
    rf"https?://\S+|(?:(?<![{_WORD}&/#@=?])|(?<=[{_UNSPACED}]))#({_TAG})(?![{_WORD}@])", regex.IGNORECASE
)
_WHOLE: Final = regex.compile(_TAG)


def find_tags(text: str) -> list[str]:
    """Return the tags of a text as written, without `#`, in order; of tags that are equal, the first."""
    if "#" not in text:
        return []
    tags: dict[str, str] = {}
    for match in _IN_TEXT.finditer(text):
        if match[1] is not None and (key := tag_key(match[1])) is not None:
            tags.setdefault(key, match[1])
    return list(tags.values())


def tag_key(tag: str) -> str | None:
    """Return the form by which tags are compared; None if it is no tag."""
    # Normalisation may lengthen a tag a lot, folding by little: the key fits into an index.
    if len(tag) > TAG_CHARACTERS or len(unicodedata.normalize("NFKC", tag)) > TAG_CHARACTERS:
        return None
    return (fold_text(tag) or None) if _WHOLE.fullmatch(tag) else None


def require_tag_key(tag: str) -> str:
    """Return the key of a tag that a client sent. Raises `request.invalid` if it is no tag."""
    key = tag_key(tag)
    if key is None:
        raise invalid_field("tag", "A tag has letters, digits and underscores, at least one letter.")
    return key
