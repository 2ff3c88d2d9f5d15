"""Rules for what clients search for: plain words, at least two characters, no operators."""

from actors.protocol.errors import invalid_field
from config.limits import SEARCH_CHARACTERS_MIN, SEARCH_WORDS_MAX
from storage.search_words import split_query


def validate_search_text(text: str, characters_max: int) -> None:
    """Raise `request.invalid` for `q` unless its words can be searched.

    Quotes, `or` and `-` have no meaning. Characters other than letters, digits and symbols separate words.
    """
    if len(text) > characters_max:
        raise invalid_field("q", f"Must have at most {characters_max} characters.", "too_long")
    words = split_query(text)
    if sum(map(len, words)) < SEARCH_CHARACTERS_MIN:
        raise invalid_field(
            "q", f"Must have at least {SEARCH_CHARACTERS_MIN} letters, digits or symbols.", "too_short"
        )
    if len(words) > SEARCH_WORDS_MAX:
        raise invalid_field("q", f"Must have at most {SEARCH_WORDS_MAX} words.", "too_many")
