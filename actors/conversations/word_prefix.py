"""Finds texts by the first letters of their words, for search as the user types."""

import regex

from storage.text_folding import fold_text

_WORD_CHARACTER = r"[\p{L}\p{M}\p{N}--[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]]"
_WORD_START = rf"(?<!{_WORD_CHARACTER})"


class WordPrefix:
    """A folded query that matches text in which it is at the start of a word.

    Scripts without spaces between words match anywhere. A query may span several words.
    """

    __slots__ = ("_folded", "_pattern")

    def __init__(self, query: str) -> None:
        self._folded = fold_text(query).strip()
        self._pattern = regex.compile(_WORD_START + regex.escape(self._folded), regex.V1)

    def matches(self, text: str) -> bool:
        folded = fold_text(text)
        # The plain search is much faster and excludes nearly all texts.
        return self._folded in folded and self._pattern.search(folded) is not None
