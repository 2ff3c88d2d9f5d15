"""Rules for the characters of user text, over the Unicode tables of the `regex` package.

    kind      where                                     refused besides surrogates and noncharacters
    LINE      names, titles: shown beside other text    controls, line breaks, bidi controls, other format
                                                        characters, unassigned code points
    TEXT      messages, posts, descriptions, reasons    controls except LF and TAB
    QUERY     search text: finds all that is stored     controls

Format characters that scripts and emoji need are allowed in a LINE: ZWNJ, ZWJ, ZWSP (Khmer and Thai word
breaks), variation selectors, and visible ones such as the Arabic number sign. A LINE or TEXT has tag
characters only in emoji tag sequences, as in the flag of Scotland; elsewhere they hide text. Text of every
kind needs a visible character.

The rules apply to what is written; stored text is always shown. Error details name the refused character and
do not repeat the text.
"""

import enum
import re
import unicodedata

import regex

from actors.protocol.errors import ApiError, invalid_field


class TextKind(enum.Enum):
    LINE = "line"
    TEXT = "text"
    QUERY = "query"


# `str.strip` without arguments also removes control characters, which must be refused.
_SURROUNDING_SPACE = (
    "\t\n\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
    "\u202f\u205f\u3000"
)
_OTHER_LINE_BREAK = re.compile("\r\n|[\r\u2028\u2029]")

_ALWAYS_REFUSED = r"\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}"
_TAGS = r"\U000E0000-\U000E007F"
_VISIBLE_FORMATS = r"\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\U000110BD\U000110CD\U00013430-\U0001343F"
_REFUSED = {
    TextKind.LINE: regex.compile(
        rf"[{_ALWAYS_REFUSED}\p{{Zl}}\p{{Zp}}\p{{Cf}}\p{{Cn}}--[\u200B-\u200D{_VISIBLE_FORMATS}]]", regex.V1
    ),
    TextKind.TEXT: regex.compile(rf"[{_ALWAYS_REFUSED}{_TAGS}--[\n\t]]", regex.V1),
    TextKind.QUERY: regex.compile(rf"[{_ALWAYS_REFUSED}]", regex.V1),
}
# Plain ASCII is most of the text and needs no table.
_REFUSED_ASCII = {
    TextKind.LINE: re.compile(r"[\x00-\x1f\x7f]"),
    TextKind.TEXT: re.compile(r"[\x00-\x08\x0b-\x1f\x7f]"),
    TextKind.QUERY: re.compile(r"[\x00-\x1f\x7f]"),
}
_TAG_SEQUENCE = re.compile(
    "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"  # UTS #51, ED-14a
)
# U+2800 is a Braille cell without dots: a symbol that shows nothing.
_VISIBLE = regex.compile(
    r"[^\p{Z}\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800]",
    regex.V1,
)


def validate_text(field: str, text: str, max_characters: int) -> str:
    """Return `text` of kind TEXT without surrounding white space, with LF for every kind of line break.

    The result has 1 to `max_characters` code points. Raises `request.invalid`.
    """
    return _validate(field, _OTHER_LINE_BREAK.sub("\n", text), max_characters, TextKind.TEXT)


def validate_line(field: str, text: str, max_characters: int) -> str:
    """Return `text` of kind LINE without surrounding white space. Bounds and errors as `validate_text`."""
    return _validate(field, text, max_characters, TextKind.LINE)


def validate_query(field: str, text: str, max_characters: int) -> str:
    """Return `text` of kind QUERY without surrounding white space. Bounds and errors as `validate_text`."""
    return _validate(field, text, max_characters, TextKind.QUERY)


def is_blank(text: str) -> bool:
    """Whether nothing remains of `text` without surrounding white space."""
    return not text.strip(_SURROUNDING_SPACE)


def find_refused(text: str, kind: TextKind) -> str | None:
    """Return the first character of `text` that its kind does not allow."""
    if text.isascii():
        ascii_match = _REFUSED_ASCII[kind].search(text)
        return None if ascii_match is None else ascii_match[0]
    match = _REFUSED[kind].search(_TAG_SEQUENCE.sub("\U0001f3f4", text))
    return None if match is None else str(match[0])


def is_printable_ascii(text: str) -> bool:
    """Whether `text` is ASCII without control characters. Empty text is."""
    return text.isascii() and _REFUSED_ASCII[TextKind.LINE].search(text) is None


def has_visible_character(text: str) -> bool:
    """Whether `text` has more than white space, marks, and characters that show nothing."""
    return _VISIBLE.search(text) is not None


def describe_character(character: str) -> str:
    """Return the code point, and the name if there is one: `U+202E (RIGHT-TO-LEFT OVERRIDE)`."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def raise_field_errors(api_errors: list[ApiError]) -> None:
    """Raise one `request.invalid` with the field errors of all `api_errors`, if there are any."""
    if api_errors:
        errors = [field_error for api_error in api_errors for field_error in api_error.errors]
        raise ApiError("request.invalid", "Some fields are not valid.", errors=errors)


def _validate(field: str, text: str, max_characters: int, kind: TextKind) -> str:
    trimmed = text.strip(_SURROUNDING_SPACE)
    if not trimmed:
        raise invalid_field(field, "Must not be empty.", "too_short")
    if len(trimmed) > max_characters:
        raise invalid_field(field, f"Must have at most {max_characters} characters.", "too_long")
    refused = find_refused(trimmed, kind)
    if refused is not None:
        raise invalid_field(field, f"Must not contain the character {describe_character(refused)}.")
    if not has_visible_character(trimmed):
        raise invalid_field(field, "Must contain a visible character.")
    return trimmed
