"""What people write, checked and trimmed. Never repeats in a fault what somebody wrote."""

import unicodedata

from actors.wire.refusal import Refusal, invalid

_BREAKS = frozenset("\n\r\t")
_CONTROLS = frozenset({"Cc", "Cs"})


def text_of(field: str, text: str, characters: int) -> str:
    """Trim; 1 to so many code points, line breaks allowed, other control characters not."""
    trimmed = text.strip()
    if not trimmed:
        raise invalid(field, "Must not be empty.", "too_short")
    if len(trimmed) > characters:
        raise invalid(field, f"Must have at most {characters} characters.", "too_long")
    if any(unicodedata.category(one) in _CONTROLS and one not in _BREAKS for one in trimmed):
        raise invalid(field, "Must not hold control characters.")
    return trimmed


def line_of(field: str, text: str, characters: int) -> str:
    """As `text_of`, on one line."""
    line = text_of(field, text, characters)
    if any(one in _BREAKS for one in line):
        raise invalid(field, "Must stand on one line.")
    return line


def faultless(refusals: list[Refusal]) -> None:
    """Refuse once, with the faults of all."""
    if refusals:
        errors = [fault for refusal in refusals for fault in refusal.errors]
        raise Refusal("request.invalid", "Some fields are not valid.", errors=errors)
