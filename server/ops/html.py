"""Builds the pages of `/ops`: escaped text, tables and plain forms. No page needs JavaScript."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from aiohttp import hdrs, web

HEADERS: Final[Mapping[str, str]] = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # With `no-referrer` browsers send `Origin: null` with forms, which is what other sites send too.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
NAVIGATION: Final = (("/ops", "Overview"), ("/ops/actors", "Actors"), ("/ops/explain", "Explain"))


class Markup(str):
    """HTML. Other texts are escaped where they are put into a page."""

    __slots__ = ()


Content = Markup | str | float


def to_markup(content: Content) -> Markup:
    return content if isinstance(content, Markup) else Markup(escape(str(content)))


def join(parts: Iterable[Content]) -> Markup:
    return Markup("".join(map(to_markup, parts)))


def element(name: str, content: Content = "", **attributes: str) -> Markup:
    """Return an element; `class_` is the attribute `class`."""
    texts = (f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{''.join(texts)}>{to_markup(content)}</{name}>")


def link(address: str, text: Content) -> Markup:
    return element("a", text, href=address)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Content]]) -> Markup:
    """Return a table, or a sentence if it has no rows."""
    lines = [element("tr", join(element("td", cell) for cell in row)) for row in rows]
    if not lines:
        return join([element("h2", caption), element("p", "None.")])
    head = element("tr", join(element("th", column, scope="col") for column in columns))
    body = join([element("caption", caption), element("thead", head), element("tbody", join(lines))])
    return element(
        "div", element("table", body), class_="scroll", tabindex="0", role="region", aria_label=caption
    )


def text_field(name: str, label: str, value: str = "", kind: str = "text") -> Markup:
    field = f'<input id="{name}" name="{name}" type="{kind}" value="{escape(value)}" autocomplete="off">'
    return join([element("label", label, for_=name), Markup(field)])


def form(address: str, fields: Iterable[Content], button: str, method: str = "get") -> Markup:
    return element("form", join([*fields, element("button", button)]), action=address, method=method)


def page(
    title: str, parts: Iterable[Content], *, status: int = 200, has_logout: bool = False
) -> web.Response:
    """Return a page with the navigation."""
    links = [link(address, text) for address, text in NAVIGATION]
    logout = form("/ops/logout", (), "Log out", "post") if has_logout else Markup("")
    body = join(
        [
            element("header", join([element("nav", join(links), aria_label="Pages"), logout])),
            element("main", join([element("h1", title), *parts])),
        ]
    )
    document = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)} - Convene</title>"
        f'<link rel="stylesheet" href="/ops/style.css"></head><body>{body}</body></html>'
    )
    return web.Response(text=document, status=status, content_type="text/html", headers=HEADERS)


def format_time(at_s: float) -> str:
    """Return a Unix time in UTC with milliseconds; an empty text for 0."""
    if not at_s:
        return ""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
