"""The tag grammar. The browser client passes the same cases in `tests/web/tags.test.js`."""

import json
from pathlib import Path

import pytest

from actors.protocol.tags import find_tags, tag_key

CASES = json.loads((Path(__file__).parents[2] / "tag_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[ascii(case["text"][:20]) for case in CASES])
def test_tags_of_the_shared_cases(case: dict[str, object]) -> None:
    assert find_tags(str(case["text"])) == case["tags"]


def test_every_found_tag_has_a_key() -> None:
    """The page of a tag is read by the tag that a post shows."""
    for case in CASES:
        for tag in case["tags"]:
            assert tag_key(tag) is not None
    assert tag_key("Ärger") == tag_key("ÄRGER") == tag_key("A\u0308rger") == "ärger"


@pytest.mark.parametrize("text", ["", "a b", "1", "#a", "a" * 101, "a\x00", "\u3164", "a/b"])
def test_other_texts_have_no_key(text: str) -> None:
    assert tag_key(text) is None


def test_long_texts_take_no_time() -> None:
    """No input makes the pattern backtrack without bound."""
    for text in ("#" + "1" * 4000, "#1" * 2000, "#" + "a" * 4000, "#" + "_" * 4000 + "@"):
        assert find_tags(text) == []
