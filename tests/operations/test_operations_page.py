"""Links to parts of `docs/operations.md` lead somewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"
LINKED_FROM = ("deploy", "docs", "server", "actors", "storage")
SUFFIXES = {".json", ".md", ".py", ".yaml", ".yml"}
LINK = re.compile(r"operations\.md#([a-z0-9-]+)")
INTERNAL_LINK = re.compile(r"\]\(#([a-z0-9-]+)\)")


def anchors() -> set[str]:
    """Return the anchors of the headings, made as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_into_the_page_have_a_heading() -> None:
    """Runbook links of alerts and links of other pages name a heading that exists."""
    linked: dict[str, str] = dict.fromkeys(INTERNAL_LINK.findall(PAGE.read_text()), "the page itself")
    for folder in LINKED_FROM:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SUFFIXES:
                linked |= dict.fromkeys(LINK.findall(path.read_text()), str(path.relative_to(ROOT)))

    assert len(linked) > 20
    assert {anchor: source for anchor, source in linked.items() if anchor not in anchors()} == {}
