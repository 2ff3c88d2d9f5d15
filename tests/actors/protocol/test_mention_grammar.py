"""The mention grammar. The browser client passes the same cases in `tests/web/mentions.test.js`."""

import json
import re
from pathlib import Path

import pytest

from actors.accounts.fields import InvalidField, validate_username
from actors.protocol.mentions import USERNAME_PATTERN, find_mentions
from config.limits import USERNAME_CHARACTERS_MAX, USERNAME_CHARACTERS_MIN

CASES = json.loads((Path(__file__).parents[2] / "mention_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:20] for case in CASES])
def test_mentions_of_the_shared_cases(case: dict[str, object]) -> None:
    assert find_mentions(str(case["text"])) == case["names"]


@pytest.mark.parametrize(
    "name", ["a" * USERNAME_CHARACTERS_MIN, "a" * USERNAME_CHARACTERS_MAX, "a.b", "a_._b", "0_0"]
)
def test_every_username_can_be_mentioned(name: str) -> None:
    """Alone, and before any punctuation."""
    assert validate_username(name) == name
    for text in (f"@{name}", f"@{name}.", f"(@{name.upper()})!", f"@{name}: hi", f"@{name},"):
        assert find_mentions(text) == [name]


@pytest.mark.parametrize("name", ["bob.", ".bob", "...", "_bob", "bob_", "a..b", "___", "a.b."])
def test_names_that_could_not_be_mentioned_are_refused(name: str) -> None:
    with pytest.raises(InvalidField) as refused:
        validate_username(name)
    assert refused.value.code == "invalid"
    assert re.fullmatch(USERNAME_PATTERN, name) is None


def test_long_texts_take_no_time() -> None:
    """No input makes the pattern backtrack without bound."""
    for text in ("@" + "a" * 4000, "@" + "a." * 2000 + "_", "@a" * 2000, "@" + "a_" * 2000):
        assert find_mentions(text) == []
