"""What people write, checked and trimmed. Never repeats in a fault what somebody wrote."""

import unicodedata

from actors.protocol.errors import ApiError, invalid_field

_LINE_BREAKS = frozenset("\n\r\t")
_CONTROL_CATEGORIES = frozenset({"Cc", "Cs"})


def validate_text(field: str, text: str, max_characters: int) -> str:
    """Trim; 1 to so many code points, line breaks allowed, other control characters not."""
    trimmed = text.strip()
    if not trimmed:
        raise invalid_field(field, "Must not be empty.", "too_short")
    if len(trimmed) > max_characters:
        raise invalid_field(field, f"Must have at most {max_characters} characters.", "too_long")
    if any(unicodedata.category(one) in _CONTROL_CATEGORIES and one not in _LINE_BREAKS for one in trimmed):
        raise invalid_field(field, "Must not hold control characters.")
    return trimmed


def validate_line(field: str, text: str, max_characters: int) -> str:
    """As `text_of`, on one line."""
    line = validate_text(field, text, max_characters)
    if any(one in _LINE_BREAKS for one in line):
        raise invalid_field(field, "Must stand on one line.")
    return line


def raise_field_errors(api_errors: list[ApiError]) -> None:
    """Refuse once, with the faults of all."""
    if api_errors:
        errors = [fault for refusal in api_errors for fault in refusal.errors]
        raise ApiError("request.invalid", "Some fields are not valid.", errors=errors)
