"""Validation of user text. Error details do not repeat the text."""

import unicodedata

from actors.protocol.errors import ApiError, invalid_field

_LINE_BREAKS = frozenset("\n\r\t")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs"})


def validate_text(field: str, text: str, max_characters: int) -> str:
    """Return `text` without surrounding whitespace.

    The result has 1 to `max_characters` code points. Line breaks and tabs are allowed; other control
    characters and surrogates are not. Raises `request.invalid`.
    """
    trimmed = text.strip()
    if not trimmed:
        raise invalid_field(field, "Must not be empty.", "too_short")
    if len(trimmed) > max_characters:
        raise invalid_field(field, f"Must have at most {max_characters} characters.", "too_long")
    if any(
        unicodedata.category(character) in _CONTROL_CATEGORIES and character not in _LINE_BREAKS
        for character in trimmed
    ):
        raise invalid_field(field, "Must not contain control characters.")
    return trimmed


def validate_line(field: str, text: str, max_characters: int) -> str:
    """As `validate_text`, without line breaks and tabs."""
    line = validate_text(field, text, max_characters)
    if any(character in _LINE_BREAKS for character in line):
        raise invalid_field(field, "Must not contain line breaks or tabs.")
    return line


def raise_field_errors(api_errors: list[ApiError]) -> None:
    """Raise one `request.invalid` with the field errors of all `api_errors`, if there are any."""
    if api_errors:
        errors = [field_error for api_error in api_errors for field_error in api_error.errors]
        raise ApiError("request.invalid", "Some fields are not valid.", errors=errors)
