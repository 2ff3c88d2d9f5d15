"""Rules of user text that need no server. `tests/server/test_text_fields.py` tries them on every field."""

import time
from pathlib import Path

import pytest
import regex

from actors.protocol.errors import ApiError
from actors.protocol.text_validation import is_blank, validate_line, validate_query, validate_text

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("space", [" ", "\n\t", "\u00a0", "\u3000", "\u2028", "\r\n"])
def test_surrounding_white_space_is_removed(space: str) -> None:
    for validate in (validate_line, validate_text, validate_query):
        assert validate("field", f"{space}a{space}", 1) == "a"
    assert is_blank(space)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\u2028", "\u2029"])
def test_line_breaks_of_all_systems_become_line_feeds(line_break: str) -> None:
    assert validate_text("field", f"a{line_break}{line_break}b", 10) == "a\n\nb"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("a\u202eb", "Must not contain the character U+202E (RIGHT-TO-LEFT OVERRIDE)."),
        ("a\x1b", "Must not contain the character U+001B."),
        ("\x0ba", "Must not contain the character U+000B."),
        ("\u3164", "Must contain a visible character."),
        (" ", "Must not be empty."),
        ("a" * 11, "Must have at most 10 characters."),
    ],
)
def test_error_names_the_field_and_the_reason(text: str, detail: str) -> None:
    """Control characters at the ends are refused, not trimmed."""
    with pytest.raises(ApiError) as refusal:
        validate_line("title", text, 10)
    assert [(error.field, error.detail) for error in refusal.value.errors] == [("title", detail)]


def test_long_white_space_costs_linear_time() -> None:
    """A body of 256 KiB of spaces takes milliseconds."""
    started = time.process_time()
    with pytest.raises(ApiError):
        validate_text("content", "a" + " " * 262_144 + "a", 10)
    assert time.process_time() - started < 2


def test_unicode_tables_are_current() -> None:
    """The tables know the letters of Unicode 16."""
    assert regex.match(r"\p{Lu}", "\U00010d50")


def test_no_other_module_has_rules_of_its_own() -> None:
    """`str.isprintable` and the tables of `unicodedata` are as old as the Python version."""
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("actors", "server")
        for path in (ROOT / folder).rglob("*.py")
        if regex.search(r"isprintable|unicodedata\.category", path.read_text())
    ]
    assert found == []
