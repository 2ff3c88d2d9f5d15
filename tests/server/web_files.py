"""The files of the browser client, and what is in them."""

import re
from html.parser import HTMLParser
from pathlib import Path

from server.web_client import LOCALES_FOLDER, SERVICE_WORKER_FILE, WEB_FOLDER

VENDORED = sorted((WEB_FOLDER / "vendor").rglob("*.js"))
SCRIPTS = sorted(set(WEB_FOLDER.rglob("*.js")) - {*VENDORED, WEB_FOLDER / SERVICE_WORKER_FILE})
STYLES = sorted(WEB_FOLDER.rglob("*.css"))
LOCALES = sorted((WEB_FOLDER / LOCALES_FOLDER).glob("*.json"))
BUNDLE = re.compile(r"/web/bundle-[0-9a-f]{16}\.\w+")
COMMENTS = re.compile(r"^\s*//.*$", re.MULTILINE)


def code_of(path: Path) -> str:
    return COMMENTS.sub("", path.read_text("utf-8"))


class PageParser(HTMLParser):
    """Collects the links and attributes of a page, and the text inside of its scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.attributes: set[str] = set()
        self.inside = ""
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"href", "src"}:
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in {"script", "style"} and data.strip():
            self.inline.append(data)
