"""Rows that instances of later versions have written while this one runs: no read fails because of them."""

import uuid

import pytest

from storage.contracts.moderation import ActionType, NewAction, TargetKind
from storage.contracts.reports import NewReport, ReportFilter
from storage.contracts.users import NewUser, outranks
from storage.contracts.visibility_checks import CheckKind, VisibilityCheck
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.appeals import PostgresAppeals
from storage.postgres.audit import PostgresModerationAudit
from storage.postgres.moderation import PostgresModeration
from storage.postgres.reports import PostgresReports
from storage.postgres.users import PostgresUsers
from storage.postgres.visibility_checks import PostgresVisibilityChecks
from tests.moderation import moderation_store
from tests.storage.service_database import ServiceDatabase

ACTION = """
    INSERT INTO moderation_actions (type, target_kind, target_id, user_id, reason)
    VALUES ($1, $2, $3, $4, 'x')
"""


@pytest.fixture
def log(users_database: ServiceDatabase) -> PostgresActionLog:
    return PostgresActionLog(users_database.instance_a.pool, users_database.instance_a.idempotency_keys)


@pytest.fixture
async def ana(users_database: ServiceDatabase) -> str:
    user = await PostgresUsers(users_database.instance_a.pool).register(
        NewUser("ana@example.test", "ana", "hash", None)
    )
    return user.id


async def test_action_of_unknown_type(
    users_database: ServiceDatabase, log: PostgresActionLog, ana: str
) -> None:
    """It is in the audit log by its name, and does not change whether an item is hidden."""
    hide = NewAction(None, ActionType.HIDE, TargetKind.POST, "p1", ana, "x")
    hidden = await log.record(hide)
    await users_database.sql.execute(ACTION, "label", "post", "p1", uuid.UUID(ana))
    await users_database.sql.execute(ACTION, "merge", "album", "a1", uuid.UUID(ana))
    assert [(one.type, one.target_kind) for one in await log.page(ana, None, 10)] == [
        ("merge", "album"),
        ("label", "post"),
        ("hide", "post"),
    ]
    assert [one.type for one in await log.page_appealable(ana, None, 10)] == ["label", "hide"]
    latest = await log.latest_on(TargetKind.POST, "p1")
    assert latest is not None
    assert latest.id == hidden
    applied: list[ActionType] = []

    async def apply(type_: ActionType) -> None:
        applied.append(type_)

    await log.apply_latest(TargetKind.POST, "p1", apply)
    assert applied == [ActionType.HIDE]
    await users_database.sql.execute(ACTION, "hide", "album", "a1", None)
    found = await PostgresModerationAudit(users_database.instance_a.pool).list_content_actions(10)
    assert [(one.kind, one.target_id, one.hidden) for one in found] == [(TargetKind.POST, "p1", True)]


async def test_appeal_against_an_action_of_unknown_type(
    users_database: ServiceDatabase, log: PostgresActionLog, ana: str
) -> None:
    """Moderators see and answer it."""
    await users_database.sql.execute(ACTION, "label", "user", ana, uuid.UUID(ana))
    (action,) = await log.page(ana, None, 10)
    appeals = PostgresAppeals(users_database.instance_a.pool, log, users_database.instance_a.idempotency_keys)
    appeal = await appeals.create(ana, action.id, "why?")
    (listed,) = await appeals.page(None, 10, open_only=True)
    assert listed.action is not None
    assert (listed.id, listed.action.type) == (appeal.id, "label")


async def test_report_of_unknown_kind(
    users_database: ServiceDatabase, log: PostgresActionLog, ana: str
) -> None:
    """It is listed with its name, and can be resolved."""
    await users_database.sql.execute("ALTER TABLE reports DROP CONSTRAINT reports_kind_check")
    statement = "INSERT INTO reports (reporter_id, kind, target_id, reason) VALUES ($1, 'album', 'a1', 'x')"
    await users_database.sql.execute(statement, uuid.UUID(ana))
    reports = PostgresReports(users_database.instance_a.pool, log, users_database.instance_a.idempotency_keys)
    await reports.create(NewReport(ana, TargetKind.POST, "p1", "x"), None)
    listed = await reports.page(ReportFilter(), None, 10)
    assert [one.kind for one in listed] == ["album", TargetKind.POST]
    assert await reports.resolve(listed[0].id, "done", None)


async def test_unknown_role_allows_nothing_and_is_not_acted_upon(
    users_database: ServiceDatabase, ana: str
) -> None:
    """The user is read, and no known role may act on them."""
    await users_database.sql.execute("ALTER TABLE users DROP CONSTRAINT users_role_check")
    await users_database.sql.execute("UPDATE users SET role = 'owner' WHERE id = $1", uuid.UUID(ana))
    moderation: PostgresModeration = moderation_store(users_database.instance_a.pool)
    found = await moderation.find_user(ana)
    assert found is not None
    assert found.user.role is None
    assert not outranks("owner", None)
    assert not outranks("admin", "owner")
    assert not outranks("moderator", "owner")


async def test_comparison_of_unknown_kind_is_left(notifications_database: ServiceDatabase) -> None:
    """The others go on."""
    checks = PostgresVisibilityChecks(
        notifications_database.instance_a.pool, notifications_database.instance_a.cursors
    )
    await notifications_database.sql.execute(
        "ALTER TABLE visibility_checks DROP CONSTRAINT visibility_checks_kind_check"
    )
    later, known = uuid.uuid4(), uuid.uuid4()
    statement = "INSERT INTO visibility_checks (kind, user_id) VALUES ($1, $2)"
    await notifications_database.sql.execute(statement, "album", later)
    await notifications_database.sql.execute(statement, "author", known)
    check = await checks.next()
    assert check == VisibilityCheck(CheckKind.AUTHOR, str(known), None, 0)
    await checks.advance(check, None)
    assert await checks.next() is None
