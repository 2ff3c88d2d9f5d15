"""Elements of HTML: text goes in escaped, so that what comes out is safe. Never parses any."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final

_VOID: Final = frozenset({"meta", "input"})
_CODE = re.compile(r"`([^`]+)`")


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Html:
    """Make an element. A trailing underscore in an attribute's name is dropped, another one is a hyphen."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    if name in _VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{joined(*children)}</{name}>")


def joined(*parts: str) -> Html:
    """Put parts in a row; what is no `Html` is escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def between(mark: str, parts: Sequence[str]) -> Html:
    """Put parts in a row, with a mark between each two."""
    told = [one for part in parts for one in (mark, part)]
    return joined(*told[1:])


def raw(name: str, content: str) -> Html:
    """Make a style or script of our own, in which nothing is escaped."""
    return Html(f"<{name}>{content}</{name}>")


def prose(text: str) -> Html:
    """Paragraphs, with code where backticks stand."""
    return joined(*(element("p", words(part)) for part in text.split("\n\n") if part.strip()))


def words(text: str) -> Html:
    """One line of prose."""
    parts = _CODE.split(text)
    return joined(*(element("code", part) if at % 2 else part for at, part in enumerate(parts)))
