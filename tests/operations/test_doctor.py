"""The doctor passes consistent stores and reports each deliberate corruption."""

import uuid

import asyncpg
import pytest

from actors.operations.doctor import Doctor
from actors.protocol.timestamps import now_ms
from server.operator_services import OperatorServices
from storage.contracts.identifiers import new_id
from storage.contracts.pending_effects import PendingEffect

ANA, BEN = str(uuid.uuid4()), str(uuid.uuid4())


async def failed_checks(doctor: Doctor) -> list[str]:
    return [finding.message for finding in await doctor.run_checks() if not finding.ok]


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_all_checks_pass_on_empty_databases(operations: OperatorServices) -> None:
    """All checks pass on empty stores."""
    findings = await operations.doctor.run_checks()

    assert [finding.message for finding in findings if not finding.ok] == []
    assert len(findings) > 20


CORRUPTIONS = [
    (
        "social",
        [
            f"INSERT INTO follows (follower_id, following_id) VALUES ('{ANA}', '{BEN}')",
            "UPDATE user_social_stats SET followers_count = 7",
        ],
        "social: 2 counters are wrong",
    ),
    (
        "posts",
        [
            f"INSERT INTO posts (author_id, content) VALUES ('{ANA}', 'hello')",
            "UPDATE posts SET like_count = 3",
        ],
        "posts: 1 counters are wrong",
    ),
    (
        "events",
        [
            f"""
            INSERT INTO events (creator_id, title, start_datetime, end_datetime, capacity, going_count)
            VALUES ('{ANA}', 'party', now(), now() + interval '1 hour', 5, 2)
            """,
        ],
        "events: 1 counters are wrong",
    ),
    (
        "social",
        [f"INSERT INTO user_social_stats (user_id, posts_count, posts_told) VALUES ('{ANA}', 4, 9)"],
        "posts counters in social: 1 stale",
    ),
    (
        "events",
        [f"INSERT INTO user_cache (id, username, version) VALUES ('{ANA}', 'ana', 1)"],
        "user cache of events: 1 stale",
    ),
    (
        "posts",
        [
            """
            INSERT INTO dead_letters (consumer, event_id, key, type, payload, reason, happened_at)
            VALUES ('feed.posts', 1, 'k', 'post.created', '{}', 'Bad', now())
            """,
        ],
        "posts: 1 dead letters; see `run.py replay`",
    ),
    (
        "users",
        [
            f"""
            INSERT INTO users (id, email, username, password_hash)
            VALUES ('{ANA}', 'ana@example.test', 'ana', '')
            """,
            f"INSERT INTO reports (kind, target_id, reason, assigned_to) VALUES ('post', 'p', 'x', '{ANA}')",
            # Else the caches of the user are stale as well.
            "TRUNCATE outbox",
        ],
        "reports: 1 are assigned to users without a role",
    ),
]


@pytest.mark.parametrize(
    ("service", "statements", "expected"), CORRUPTIONS, ids=[expected for *_, expected in CORRUPTIONS]
)
async def test_corruption_is_reported(
    operations: OperatorServices,
    own_databases: dict[str, str],
    service: str,
    statements: list[str],
    expected: str,
) -> None:
    """A corruption is the only failed check, with a message that names it."""
    await execute(own_databases[service], *statements)

    assert await failed_checks(Doctor(operations.doctor.inputs, recheck_delay_s=0.0)) == [expected]


async def test_unprotected_audit_log_is_reported(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """A log that can be changed proves nothing."""
    alter = "ALTER TABLE moderation_actions {} TRIGGER moderation_actions_append_only"
    await execute(own_databases["users"], alter.format("DISABLE"))
    try:
        messages = await failed_checks(Doctor(operations.doctor.inputs, recheck_delay_s=0.0))
    finally:
        await execute(own_databases["users"], alter.format("ENABLE"))

    assert messages == ["audit log of moderation: can be changed: its trigger is missing or disabled"]


async def test_contents_unlike_the_audit_log_are_reported(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """A post that the log says is hidden, and is not. Deleted ones and earlier records do not matter."""
    shown, hidden, deleted = (str(uuid.uuid4()) for _ in range(3))
    insert = "INSERT INTO moderation_actions (type, target_kind, target_id, reason)"
    await execute(
        own_databases["posts"],
        *(
            f"INSERT INTO posts (id, author_id, content) VALUES ('{post}', '{ANA}', 'x')"
            for post in (shown, hidden)
        ),
        f"UPDATE posts SET hidden_at = now() WHERE id = '{hidden}'",
        "TRUNCATE outbox",
    )
    await execute(
        own_databases["users"],
        *(
            f"{insert} VALUES ('{type_}', 'post', '{post}', 'x')"
            for type_, post in (
                ("restore", hidden),
                ("hide", hidden),
                ("hide", deleted),
                ("restore", shown),
                ("hide", shown),
            )
        ),
    )

    messages = await failed_checks(Doctor(operations.doctor.inputs, recheck_delay_s=0.0))

    assert [message for message in messages if "moderators" in message] == [
        "items that moderators hid or restored: 1 stale"
    ]


async def test_unread_events_are_reported(
    operations: OperatorServices, own_databases: dict[str, str]
) -> None:
    """Each consumer that lags by more than a minute is reported."""
    await execute(
        own_databases["social"],
        "INSERT INTO outbox (key, type, payload, created_at)"
        " VALUES ('k', 'follow.created', '{}', now() - interval '5 minutes')",
    )

    messages = await failed_checks(Doctor(operations.doctor.inputs, recheck_delay_s=0.0))

    assert [message.split(":")[0] for message in messages] == [
        "notifications.social",
        "notifications.hidden_posts",
        "feed.social",
        "events.blocks",
        "requests.social",
    ]


async def test_old_pending_effects_are_reported(operations: OperatorServices) -> None:
    """Notifications that no instance completed for minutes are a finding with their age."""
    store = operations.doctor.inputs.pending_effects
    recent = PendingEffect(new_id(), new_id(), "one", 0, now_ms())
    old = PendingEffect(new_id(), new_id(), "one", 0, now_ms() - 600_000)
    await store.add_pending_effect(recent)
    assert await failed_checks(operations.doctor) == []
    await store.add_pending_effect(old)
    (failed,) = await failed_checks(operations.doctor)
    await store.remove_pending_effect(old.key)
    await store.remove_pending_effect(recent.key)

    assert failed.startswith("notifications of mentions and memberships: 2 pending, the oldest for 6")
