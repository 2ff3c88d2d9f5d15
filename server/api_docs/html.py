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


def element(tag: str, /, *children: str, **attributes: str) -> Html:
    """Make an element. A trailing underscore in an attribute's name is dropped, another one is a hyphen."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    if tag in _VOID:
        return Html(f"<{tag}{told}>")
    return Html(f"<{tag}{told}>{concat(*children)}</{tag}>")


def concat(*parts: str) -> Html:
    """Put parts in a row; what is no `Html` is escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def join_with(separator: str, parts: Sequence[str]) -> Html:
    """Put parts in a row, with a mark between each two."""
    told = [one for part in parts for one in (separator, part)]
    return concat(*told[1:])


def raw_element(name: str, content: str) -> Html:
    """Make a style or script of our own, in which nothing is escaped."""
    return Html(f"<{name}>{content}</{name}>")


def paragraphs(text: str) -> Html:
    """Paragraphs, with code where backticks stand."""
    return concat(*(element("p", inline(part)) for part in text.split("\n\n") if part.strip()))


def inline(text: str) -> Html:
    """One line of prose."""
    parts = _CODE.split(text)
    return concat(*(element("code", part) if at % 2 else part for at, part in enumerate(parts)))
