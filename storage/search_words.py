"""Words of names and titles for search: one folding for stored texts and for queries.

    text -> fold (NFKC, full case folding, no invisible characters) -> runs of letters, digits and marks
         -> a word per run, or overlapping pairs of characters where a script has no spaces
         -> for stored texts also each word without accents

Words of a query are prefixes of what they find: `kart` finds karting. Pairs are found anywhere: 花見 finds
「花見」大会. Accents can be left out: `kovac` finds Kovač. But `kovač` does not find Kovac.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

from storage.text_folding import fold_text

WORD_CHARACTERS_MAX: Final = 64
"""Longer words are stored and searched by this prefix."""
FOLDED_CHARACTERS_MAX: Final = 10_000
"""Characters of a folded text that have words. One character can fold to 18, and each takes time."""
QUERY_PAIRS_MAX: Final = 16
"""Pairs of one run that a query compares."""
SEARCH_SCANNED_ROWS: Final = (2000, 10_000)
"""Rows in the order of the page that a search compares with its words before it asks the index of words.

A page of a common word is complete after a few rows; the index would read all that match. The second scan is
made if the first found a part of the page.
"""
SCAN_SHARE: Final = 0.4
# Scripts that write words without spaces: CJK, Kana, Thai, Lao, Myanmar, Khmer.
_UNSPACED_RANGES: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3040, 0x30FF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
_LETTERS_WITH_STROKES: Final = str.maketrans("łøđı", "lodi")
"""Letters that do not decompose into one without the stroke, or the dot, and an accent."""
# Emoji and other pictographs, also those newer than the Unicode tables of this Python.
_SYMBOL_CATEGORIES: Final = frozenset({"So", "Sk", "Cn", "Co"})


class SearchTerm(msgspec.Struct, frozen=True):
    """A word that a text must have, or the prefix of one."""

    text: str
    is_prefix: bool

    def matches(self, words: Iterable[str]) -> bool:
        return any(word.startswith(self.text) if self.is_prefix else word == self.text for word in words)


def split_query(text: str) -> list[str]:
    """Return the runs of a query, in order."""
    return [run for run, _ in _split_runs(text)]


def index_words(*texts: str | None) -> tuple[str, ...]:
    """Return the words under which the texts are found, sorted."""
    words: set[str] = set()
    for text in texts:
        for run, is_unspaced in _split_runs(text or ""):
            # The last character is stored too, so that a query of one character finds it as a prefix.
            words.update((*_pairs(run), run[-1]) if is_unspaced else _with_plain(run[:WORD_CHARACTERS_MAX]))
    return tuple(sorted(words))


def query_terms(text: str) -> tuple[SearchTerm, ...]:
    """Return what a text must match to be found, in order and without repeats.

    A single letter is a prefix only at the end, where its word may still be typed: it matches a lot.
    """
    runs = _split_runs(text)
    terms: dict[SearchTerm, None] = {}
    for number, (run, is_unspaced) in enumerate(runs, 1):
        if is_unspaced and len(run) > 1:
            terms.update(dict.fromkeys(SearchTerm(pair, False) for pair in _pairs(run)[:QUERY_PAIRS_MAX]))
        else:
            is_prefix = is_unspaced or len(run) > 1 or number == len(runs)
            terms[SearchTerm(run[:WORD_CHARACTERS_MAX], is_prefix)] = None
    return tuple(terms)


def index_terms(terms: Iterable[SearchTerm]) -> tuple[SearchTerm, ...]:
    """Return the terms to look up in an index: prefixes of one letter are left out, unless there is no other.

    Their words are too many to read.
    """
    terms = tuple(terms)
    selective = tuple(term for term in terms if not (term.is_prefix and len(term.text) == 1))
    return selective or terms


def is_scan_promising(found: int, wanted: int) -> bool:
    """Whether a scan that found a part of a page is likely to complete it with more rows."""
    return found >= wanted * SCAN_SHARE


def to_tsvector(words: Iterable[str]) -> str:
    """Return a PostgreSQL `tsvector` literal without positions."""
    return " ".join(_quote(word) for word in words)


def to_tsquery(terms: Iterable[SearchTerm]) -> str:
    """Return a PostgreSQL `tsquery` literal that requires all terms."""
    return " & ".join(_quote(term.text) + (":*" if term.is_prefix else "") for term in terms)


def _split_runs(text: str) -> list[tuple[str, bool]]:
    """Return runs of characters of one kind, and whether the run is of a script without spaces."""
    folded = fold_text(text)[:FOLDED_CHARACTERS_MAX]
    runs: list[tuple[str, bool]] = []
    start = 0
    previous: bool | None = None
    for position, character in enumerate(folded):
        kind = _is_unspaced(character)
        # A mark continues any run.
        if kind is False and previous is True and unicodedata.category(character).startswith("M"):
            kind = True
        if kind is not previous:
            if previous is not None:
                runs.append((folded[start:position], previous))
            start, previous = position, kind
    if previous is not None:
        runs.append((folded[start:], previous))
    return runs


@lru_cache(maxsize=10_000)
def _is_unspaced(character: str) -> bool | None:
    """Return None for a separator."""
    category = unicodedata.category(character)
    if category in _SYMBOL_CATEGORIES:
        return True
    if category[0] not in "LMN":
        return None
    code = ord(character)
    return code >= _UNSPACED_RANGES[0][0] and any(first <= code <= last for first, last in _UNSPACED_RANGES)


def _with_plain(word: str) -> tuple[str, ...]:
    """Return the word, and without accents if it has any.

    The migrations `search_words_plain` do the same to words that are stored.
    """
    if word.isascii():
        return (word,)
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", word)).translate(_LETTERS_WITH_STROKES)
    return (word, unicodedata.normalize("NFC", plain)) if plain else (word,)


def _pairs(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(len(run) - 1)]


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
