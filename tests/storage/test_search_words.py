"""Folding of names and titles, and the words under which they are found."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from storage.search_words import index_words, query_terms, split_query, to_tsquery, to_tsvector
from storage.text_folding import fold_text


def is_found(query: str, *texts: str) -> bool:
    words = index_words(*texts)
    terms = query_terms(query)
    return bool(terms) and all(term.matches(words) for term in terms)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("kart", "Go karting"),
        ("Newcomer", "Bert Newcomer"),
        ("new bert", "Bert Newcomer"),
        ("bert n", "Bert Newcomer"),
        ("ipek", "İpek"),
        ("İPEK", "İpek"),
        ("οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
        ("STRASSE", "Straße"),
        ("ｋａｒｔ", "karting"),
        (unicodedata.normalize("NFD", "josé"), unicodedata.normalize("NFC", "José")),
        (unicodedata.normalize("NFC", "josé"), unicodedata.normalize("NFD", "José")),
        ("kovac", "Ana Kovač"),
        ("Kovač", "Ana Kovač"),
        ("theo", "Théo Moreau"),
        ("yilmaz", "Zeynep Yılmaz"),
        ("lodz", "Łódź"),
        ("нои", "Ной"),
        ("花見", "「花見」大会"),
        ("大会", "「花見」大会"),
        ("花見大", "花見大会"),
        ("ｶﾅ", "カナ"),
        ("วันนี้", "สวัสดีวันนี้"),
        ("می‌خوا", "می‌خواهم"),
        ("میخوا", "می‌خواهم"),
        ("👨‍👩‍👧", "The 👨‍👩‍👧 picnic"),
        ("a\u3000ana", "A\u00a0Ana"),
        ("2024", "Party 2024"),
        ('"go" -kart', "Go karting"),
        ("b_12", "b_12"),
    ],
)
def test_text_is_found(query: str, text: str) -> None:
    """By beginnings of any words, in any case and form, without accents and invisible characters too."""
    assert is_found(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("art", "karting"),
        ("kart or walk", "karting"),
        ("n bert", "Bert Newcomer"),
        ("花会", "花見大会"),
        ("", "karting"),
        ("%_\\", "karting"),
        ("kovač", "Ana Kovac"),
        ("ガ", "カ"),
    ],
)
def test_text_is_not_found(query: str, text: str) -> None:
    """Not inside of words; operators are words; a single letter is a prefix at the end only."""
    assert not is_found(query, text)


@given(some.text())
def test_fold_is_idempotent_and_form_does_not_matter(text: str) -> None:
    """Folding again changes nothing that a search would see, and NFC and NFD give the same words."""
    assert index_words(fold_text(text)) == index_words(text)
    forms = {index_words(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1


@given(some.text(min_size=1, max_size=30))
def test_every_text_finds_itself(text: str) -> None:
    """A text that has words is found by itself."""
    assert is_found(text, text) or not split_query(text)


def test_literals_are_quoted() -> None:
    """Words go into PostgreSQL's literals with quotes, and prefixes carry their mark."""
    assert to_tsvector(index_words("Go karting")) == "'go' 'karting'"
    assert to_tsquery(query_terms("go kart")) == "'go':* & 'kart':*"
    assert to_tsvector(["o'\\b"]) == "'o''\\\\b'"


def test_words_of_a_text_that_folds_to_many_characters_are_bounded() -> None:
    """Of the longest description all words are found; not what follows thousands of long ones."""
    assert "tail" in index_words("x " * 2498 + "tail")
    square_kilometer = "\u3316"
    assert len(fold_text(square_kilometer)) == 6
    assert "tail" in index_words(square_kilometer * 1000 + " tail")
    assert "tail" not in index_words(square_kilometer * 4990 + " tail")
