"""Links to parts of `docs/operations.md` lead somewhere, and every table is on it with its bound."""

import re
from pathlib import Path

from storage.mongo.pruning import PrunableKeys
from storage.postgres.pruning import RETENTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"
MESSAGING = "storage/mongo/messaging.py"
LINKED_FROM = ("deploy", "docs", "server", "actors", "storage")
SUFFIXES = {".json", ".md", ".py", ".yaml", ".yml"}
LINK = re.compile(r"operations\.md#([a-z0-9-]+)")
INTERNAL_LINK = re.compile(r"\]\(#([a-z0-9-]+)\)")
CREATED = re.compile(r"^CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
DROPPED = re.compile(r"^DROP TABLE (?:IF EXISTS )?(\w+)", re.MULTILINE)


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


def bounds() -> dict[str, str]:
    """Return the bound of each table and collection, by name."""
    _, _, section = PAGE.read_text().partition("## What is stored, and its bound")
    rows = re.findall(r"^\| (`.+?) \| (.+) \|$", section, re.MULTILINE)
    return {name: bound for names, bound in rows for name in re.findall(r"`([^`]+)`", names)}


def test_every_table_has_a_bound() -> None:
    """A new table needs a line that says why it does not grow for ever."""
    migrations = "\n".join(path.read_text() for path in sorted(ROOT.glob("sql/*/migrations/*.sql")))
    tables = set(CREATED.findall(migrations)) - set(DROPPED.findall(migrations))
    collections = set(re.findall(r"get_collection\(\"(\w+)\"\)", (ROOT / MESSAGING).read_text()))
    assert len(tables) > 50
    assert len(collections) > 5
    assert (tables | collections) - bounds().keys() == set()


def test_every_table_that_is_pruned_says_so() -> None:
    """What the pruning job deletes is described, and what is described as pruned is deleted by some job."""
    pruned = {retention.table for retention in RETENTIONS} | {"dead_letters", PrunableKeys.name.split(".")[1]}
    described = {name for name, bound in bounds().items() if "pruned" in bound and "never" not in bound}
    # The reader of the outbox prunes these, and expired requests go with the next ones.
    assert described - {"outbox", "idempotency_keys"} == pruned
