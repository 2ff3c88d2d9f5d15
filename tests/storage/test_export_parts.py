"""Every table with data of users is in the data export, or is left out for a reason."""

import re
from pathlib import Path

import msgspec
import pytest

from storage.postgres.export_parts import PARTS, PostgresExportPart
from tests.storage.event_setup import EventSetup
from tests.storage.service_database import random_id

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


async def test_titles_of_hidden_events_are_exported_to_their_creator_only(setup: EventSetup) -> None:
    """Other users' exports name these events without the title, in every part."""
    ana, ben, cai = (random_id() for _ in range(3))
    open_event = await setup.create_event(creator_id=ana, title="Hidden title")
    await setup.events.invite(open_event, ana, [ben], None)
    await setup.rsvps.set_rsvp(open_event, ben, "GOING", waitlist=False)
    full_event = await setup.create_event(1, creator_id=ana, title="Hidden title")
    await setup.rsvps.set_rsvp(full_event, cai, "GOING", waitlist=False)
    await setup.rsvps.set_rsvp(full_event, ben, "GOING", waitlist=True)
    approved_event = await setup.create_event(creator_id=ana, title="Hidden title", approval=True)
    await setup.rsvps.set_rsvp(approved_event, ben, "GOING", waitlist=False)
    hosted_event = await setup.create_event(creator_id=ana, title="Hidden title")
    await setup.hosts.add_host(hosted_event, ben)
    await setup.attendance.announce(hosted_event, ben, "Bring cake", None)
    await setup.events.invite(hosted_event, ben, [cai], None)
    await setup.sql.execute("UPDATE events SET hidden_at = now()")

    pool = setup.database.instance_a.pool
    parts = [PostgresExportPart(pool, part) for part in PARTS if part.service == "events"]
    exported = {part.name: [row async for rows in part.read(ben) for row in rows] for part in parts}
    own = [row for part in parts async for rows in part.read(ana) for row in rows]

    assert [name for name, rows in exported.items() if not rows] == ["events"]
    titles = {msgspec.json.decode(row)["title"] for rows in exported.values() for row in rows}
    assert titles == {None}
    assert any(b"Hidden title" in row for row in own)


async def test_titles_of_events_that_the_inviter_no_longer_sees_are_not_exported(setup: EventSetup) -> None:
    """An inviter sees neither an event that became one for invited users, nor one whose host blocks them."""
    ana, ben, cai, dan = (random_id() for _ in range(4))
    seen = await setup.create_event(creator_id=ana, title="Seen")
    closed = await setup.create_event(creator_id=ana, title="Closed")
    blocked = await setup.create_event(creator_id=dan, title="Blocked")
    for event in (seen, closed, blocked):
        await setup.events.invite(event, ben, [cai], None)
    await setup.sql.execute("UPDATE events SET visibility = 'invited' WHERE id = $1", closed)
    await setup.blocks.set_blocks([(dan, ben)], [])

    (part,) = (part for part in PARTS if part.name == "invites_sent")
    export = PostgresExportPart(setup.database.instance_a.pool, part)
    rows = [msgspec.json.decode(row) async for batch in export.read(ben) for row in batch]

    assert {row["event_id"]: row["title"] for row in rows} == {seen: "Seen", closed: None, blocked: None}
