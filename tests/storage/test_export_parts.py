"""Every table with data of users is in the data export, or is left out for a reason."""

import re
from pathlib import Path

import pytest

from storage.postgres.export_parts import PARTS

SQL = Path(__file__).parents[2] / "sql"
CREATE_TABLE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)
READ_TABLE = re.compile(r"\b(?:FROM|JOIN) (\w+)")
LEFT_OUT = {
    "users": {
        "mail_tokens": "hashes of links in e-mails",
        "server_keys": "of the server",
        "idempotent_responses": "copies of what is in the export, kept for a day",
        "registrations": "of no user yet",
        "invite_codes": "of the server",
        "name_blocks": "of the server",
        "data_exports": "the export itself",
        "data_export_chunks": "the export itself",
    },
    "social": {
        "user_social_stats": "counts",
        "private_accounts": "a copy of users.private",
    },
    "posts": {
        "author_stats": "counts",
        "post_tags": "found in the text of posts",
    },
    "events": {
        "user_blocks": "a copy of blocks",
        "event_removals": "what hosts did",
        "event_reminder_moves": "work that is left",
    },
    "notifications": {
        "visibility_checks": "work that is left",
        "notification_sources": "causes of notifications, by id",
    },
}
VIEWS = {"active_mutes": "mutes"}


@pytest.mark.parametrize("service", LEFT_OUT)
def test_every_table_is_exported_or_left_out_for_a_reason(service: str) -> None:
    """A new table needs a statement in `export_parts.sql`, or a row in `LEFT_OUT`."""
    migrations = (SQL / service / "migrations").glob("*.sql")
    tables = {name for path in migrations for name in CREATE_TABLE.findall(path.read_text())}
    assert tables
    statements = [part.statement.text for part in PARTS if part.service == service]
    exported = {VIEWS.get(name, name) for text in statements for name in READ_TABLE.findall(text)}
    assert tables - exported == LEFT_OUT[service].keys()


def test_names_of_parts_are_unique() -> None:
    """They are names of files."""
    assert len({part.name for part in PARTS}) == len(PARTS)
