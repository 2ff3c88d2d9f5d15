"""Contracts of `ModerationStore`, `ActionLog` and `AppealStore` on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from storage.contracts.appeals import AppealStore
from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.moderation import (
    ActionLog,
    ActionType,
    ModerationStore,
    NewAction,
    TargetKind,
)
from storage.contracts.reports import NewReport, ReportFilter, ReportState, ReportStore
from storage.contracts.user_cache import UserSnapshotStore
from storage.contracts.users import NO_END, NewUser, Role, UserRecord
from storage.errors import Conflict, Missing
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.appeals import PostgresAppeals
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool
from storage.postgres.reports import PostgresReports
from storage.postgres.sessions import PostgresSessions
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.users import PostgresUsers
from tests.moderation import user_action
from tests.storage.service_database import RawConnection, start_until_blocked

UNKNOWN = "00000000-0000-4000-8000-000000000000"
KEY = IdempotencyKey("k" * 64, "d")


@dataclass
class Stores:
    users: PostgresUsers
    sessions: PostgresSessions
    moderation: ModerationStore
    log: ActionLog
    appeals: AppealStore
    reports: ReportStore
    snapshots: UserSnapshotStore

    async def register(self, username: str, role: Role | None = None) -> UserRecord:
        user = await self.users.register(
            NewUser(f"{username}@example.test", username, f"hash of {username}", None)
        )
        if role is not None:
            action = ActionType.MAKE_ADMIN if role is Role.ADMIN else ActionType.MAKE_MODERATOR
            await self.moderation.act_on_user(user_action(user.id, action))
        return user

    async def refusal(self, action: NewAction, key: IdempotencyKey | None = None) -> str:
        with pytest.raises(Conflict) as refused:
            await self.moderation.act_on_user(action, key)
        return refused.value.constraint


@pytest.fixture
async def kept(users_pool: PostgresPool) -> Stores:
    keys = PostgresIdempotencyKeys(users_pool)
    log = PostgresActionLog(users_pool, keys)
    return Stores(
        PostgresUsers(users_pool),
        PostgresSessions(users_pool),
        PostgresModeration(users_pool, log, keys),
        log,
        PostgresAppeals(users_pool, log, keys),
        PostgresReports(users_pool, log, keys),
        PostgresUserSnapshots(users_pool),
    )


async def test_actions_change_the_state_of_a_user(kept: Stores) -> None:
    """Each records who did what; one that changes nothing is refused, and records nothing."""
    ana, mod = await kept.register("ana"), await kept.register("mod", Role.MODERATOR)
    end = datetime.now(UTC) + timedelta(days=1)
    silence = NewAction(mod.id, ActionType.SILENCE, TargetKind.USER, ana.id, ana.id, "x", end)
    assert (await kept.moderation.act_on_user(silence)).silenced_until == end
    found = await kept.moderation.find_user(ana.id)
    assert found is not None
    assert (found.silenced_until, found.suspended_until, found.banned_at) == (end, None, None)
    assert await kept.refusal(silence) == "no_effect"
    forever = user_action(ana.id, ActionType.SILENCE, mod.id)
    assert (await kept.moderation.act_on_user(forever)).silenced_until == NO_END
    lifted = await kept.moderation.act_on_user(user_action(ana.id, ActionType.UNSILENCE, mod.id))
    assert lifted.silenced_until is None
    assert await kept.refusal(user_action(ana.id, ActionType.UNSILENCE, mod.id)) == "no_effect"
    records = await kept.log.page(ana.id, None, 10)
    assert [record.type for record in records] == [
        ActionType.UNSILENCE,
        ActionType.SILENCE,
        ActionType.SILENCE,
    ]
    assert {record.actor and record.actor.id for record in records} == {mod.id}
    assert [record.expires_at for record in records] == [None, None, end]


async def test_past_ends_are_no_restriction(kept: Stores) -> None:
    """A suspension and a silence whose end has passed can be made again, and do not shut out."""
    ana = await kept.register("ana")
    past = datetime.now(UTC) - timedelta(seconds=1)
    for type_ in (ActionType.SUSPEND, ActionType.SILENCE):
        for _ in range(2):
            action = NewAction(None, type_, TargetKind.USER, ana.id, ana.id, "x", past)
            await kept.moderation.act_on_user(action)
    found = await kept.moderation.find_user(ana.id)
    assert found is not None
    assert (found.silenced_until, found.suspended_until) == (None, None)
    credentials = await kept.users.credentials("ana")
    assert credentials is not None
    assert credentials.suspended_until is None
    await kept.sessions.open(ana.id, "a" * 64, 60)
    assert await kept.moderation.page_users("", 10, with_role=False) == []


async def test_a_repeated_key_acts_once(kept: Stores) -> None:
    """It returns the first action; another request with the key is refused."""
    ana = await kept.register("ana")
    warn = user_action(ana.id, ActionType.WARN)
    first = await kept.moderation.act_on_user(warn, KEY)
    assert (await kept.moderation.act_on_user(warn, KEY)).action_id == first.action_id
    assert await kept.refusal(warn, IdempotencyKey(KEY.key, "another")) == "idempotency_keys"
    assert len(await kept.log.page(ana.id, None, 10)) == 1
    with pytest.raises(Missing):
        await kept.moderation.act_on_user(user_action(UNKNOWN, ActionType.WARN))


async def test_concurrent_demotions_leave_an_admin(kept: Stores) -> None:
    """Of two admins who take each other's role at once, one keeps it; also against the command line."""
    one, other = await kept.register("one", Role.ADMIN), await kept.register("other", Role.ADMIN)
    outcomes = await asyncio.gather(
        kept.moderation.act_on_user(user_action(one.id, ActionType.REMOVE_ROLE, other.id)),
        kept.moderation.act_on_user(user_action(other.id, ActionType.MAKE_MODERATOR, one.id)),
        return_exceptions=True,
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, Conflict)]) == 1, outcomes
    users = await kept.moderation.page_users("", 10, with_role=True)
    (last,) = [moderated.user for moderated in users if moderated.user.role is Role.ADMIN]
    assert await kept.refusal(user_action(last.id, ActionType.REMOVE_ROLE)) == "last_admin"
    await kept.register("next", Role.ADMIN)
    await kept.moderation.act_on_user(user_action(last.id, ActionType.REMOVE_ROLE))


async def test_concurrent_records_of_a_content_alternate(kept: Stores) -> None:
    """Of moderators who hide the same post at once, one records it."""
    ana = await kept.register("ana")
    hide = NewAction(None, ActionType.HIDE, TargetKind.POST, "p1", ana.id, "x")
    outcomes = await asyncio.gather(*(kept.log.record(hide) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, str) for outcome in outcomes) == 1
    latest = await kept.log.latest_on(TargetKind.POST, "p1")
    assert latest is not None
    assert latest.type == ActionType.HIDE
    restore = NewAction(None, ActionType.RESTORE, TargetKind.POST, "p1", ana.id, "x")
    await kept.log.record(restore)
    with pytest.raises(Conflict):
        await kept.log.record(restore)


async def test_last_admin_is_not_deleted(kept: Stores) -> None:
    """Of two who go at once, by deletion and by losing the role, one stays. Banned ones do not count."""
    one, other = await kept.register("one", Role.ADMIN), await kept.register("other", Role.ADMIN)
    outcomes = await asyncio.gather(
        kept.snapshots.delete(one.id),
        kept.moderation.act_on_user(user_action(other.id, ActionType.REMOVE_ROLE)),
        return_exceptions=True,
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, Conflict)]) == 1, outcomes
    users = await kept.moderation.page_users("", 10, with_role=True)
    (last,) = [moderated.user for moderated in users if moderated.user.role is Role.ADMIN]
    banned = await kept.register("banned", Role.ADMIN)
    await kept.moderation.act_on_user(user_action(banned.id, ActionType.BAN))
    with pytest.raises(Conflict, match="last_admin"):
        await kept.snapshots.delete(last.id)
    assert await kept.refusal(user_action(last.id, ActionType.REMOVE_ROLE)) == "last_admin"
    await kept.register("next", Role.ADMIN)
    assert await kept.snapshots.delete(last.id) == []
    assert await kept.snapshots.delete(last.id) is None


async def test_rank_of_an_author_is_checked_with_the_record(kept: Stores) -> None:
    """Whatever the role of the author or the actor was before."""
    ana, mod = await kept.register("ana"), await kept.register("mod", Role.MODERATOR)
    admin = await kept.register("admin", Role.ADMIN)

    async def hide(actor: UserRecord, author: UserRecord) -> str:
        action = NewAction(
            actor.id, ActionType.HIDE, TargetKind.POST, f"{actor.id[:8]}{author.id[:8]}", author.id, "x"
        )
        try:
            await kept.log.record(action)
        except Conflict as conflict:
            return conflict.constraint
        return "recorded"

    assert await hide(ana, mod) == "outranked"
    assert await hide(mod, admin) == "outranked"
    assert await hide(mod, mod) == "outranked"
    assert await hide(mod, ana) == "recorded"
    assert await hide(admin, mod) == "recorded"
    await kept.moderation.act_on_user(user_action(mod.id, ActionType.REMOVE_ROLE))
    assert await hide(mod, await kept.register("cyd")) == "outranked"


@pytest.fixture
async def connection(users_url: str) -> AsyncIterator[RawConnection]:
    """A connection for inspection, which the stores do not use."""
    opened = await asyncpg.connect(users_url)
    yield opened
    await opened.close()


async def test_contents_end_in_the_state_of_the_latest_record(
    kept: Stores, connection: RawConnection
) -> None:
    """An action that is recorded while an earlier one is applied waits for it."""
    ana = await kept.register("ana")
    hide = NewAction(None, ActionType.HIDE, TargetKind.POST, "p1", ana.id, "x")
    restore = NewAction(None, ActionType.RESTORE, TargetKind.POST, "p1", ana.id, "x")
    applied: list[ActionType] = []
    applying, may_end = asyncio.Event(), asyncio.Event()

    async def apply_slowly(type_: ActionType) -> None:
        applying.set()
        await may_end.wait()
        applied.append(type_)

    async def apply(type_: ActionType) -> None:
        applied.append(type_)

    await kept.log.apply_latest(TargetKind.POST, "p1", apply)
    assert applied == []
    await kept.log.record(hide)
    async with asyncio.TaskGroup() as group:
        group.create_task(kept.log.apply_latest(TargetKind.POST, "p1", apply_slowly))
        await applying.wait()
        group.create_task(kept.log.apply_latest(TargetKind.POST, "other", apply))
        recording = await start_until_blocked(connection, kept.log.record(restore))
        may_end.set()
        await recording
    # Both requests apply what is the latest by then.
    await kept.log.apply_latest(TargetKind.POST, "p1", apply)
    assert applied == [ActionType.HIDE, ActionType.RESTORE]


async def test_reports_are_assigned_to_moderators(kept: Stores) -> None:
    """Found by assignee, recorded once, and free again when the moderator loses role or account."""
    ana, mod = await kept.register("ana"), await kept.register("mod", Role.MODERATOR)
    admin = await kept.register("admin", Role.ADMIN)
    for target in ("p1", "p2"):
        await kept.reports.create(NewReport(ana.id, TargetKind.POST, target, "x"), None)
    first, second = [one.id for one in await kept.reports.page(ReportFilter(), None, 10)]

    async def found(wanted: ReportFilter) -> list[str]:
        return [one.id for one in await kept.reports.page(wanted, None, 10)]

    unassigned = ReportFilter(is_unassigned=True)
    assert await found(unassigned) == [first, second]
    with pytest.raises(Conflict, match="not_moderator"):
        await kept.reports.assign(first, ana.id, admin.id)
    with pytest.raises(Missing):
        await kept.reports.assign(first, UNKNOWN, admin.id)
    for _ in range(2):
        assert await kept.reports.assign(first, mod.id, admin.id)
    record = await kept.reports.get(first)
    assert record is not None
    assert record.assigned_to is not None
    assert record.assigned_to.id == mod.id
    (logged,) = [one for one in await kept.log.page(None, None, 10) if one.type == ActionType.ASSIGN]
    assert (logged.target_id, logged.reason, logged.user_id) == (first, "Assigned to @mod.", None)
    assert await found(unassigned) == [second]
    assert await found(ReportFilter(assigned_to=mod.id)) == [first]
    backlog = await kept.reports.backlog()
    assert (backlog.open, backlog.unassigned) == (2, 1)
    assert backlog.oldest_s > 0

    assert await kept.reports.resolve(first, "done", mod.id)
    assert await found(ReportFilter(ReportState.OPEN, mod.id)) == []
    assert await found(ReportFilter(ReportState.RESOLVED, mod.id)) == [first]
    assert not await kept.reports.assign(first, None, admin.id)
    assert not await kept.reports.assign(UNKNOWN, None, admin.id)
    assert await kept.reports.assign(second, mod.id, admin.id)
    await kept.moderation.act_on_user(user_action(mod.id, ActionType.REMOVE_ROLE))
    assert await found(unassigned) == [second]
    assert await found(ReportFilter(assigned_to=mod.id)) == [first]
    await kept.register("next", Role.ADMIN)
    assert await kept.reports.assign(second, admin.id, admin.id)
    await kept.snapshots.delete(admin.id)
    assert await found(unassigned) == [second]


async def test_role_and_assignment_at_once(kept: Stores) -> None:
    """A report that is assigned while its moderator loses the role is assigned to no one, or was refused."""
    ana, mod = await kept.register("ana"), await kept.register("mod", Role.MODERATOR)
    admin = await kept.register("admin", Role.ADMIN)
    await kept.reports.create(NewReport(ana.id, TargetKind.POST, "p1", "x"), None)
    (report,) = await kept.reports.page(ReportFilter(), None, 10)
    await asyncio.gather(
        kept.reports.assign(report.id, mod.id, admin.id),
        kept.moderation.act_on_user(user_action(mod.id, ActionType.REMOVE_ROLE)),
        return_exceptions=True,
    )
    assert [one.id for one in await kept.reports.page(ReportFilter(is_unassigned=True), None, 10)] == [
        report.id
    ]


async def test_one_appeal_for_each_action(kept: Stores) -> None:
    """By the user acted upon, answered once."""
    ana, ben, mod = [await kept.register(name) for name in ("ana", "ben", "mod")]
    acted = await kept.moderation.act_on_user(user_action(ana.id, ActionType.SUSPEND))
    assert await kept.appeals.find_suspension(ana.id) == acted.action_id
    assert await kept.appeals.find_suspension(ben.id) is None
    for user_id, action_id in ((ben.id, acted.action_id), (ana.id, UNKNOWN), (ana.id, "no id")):
        with pytest.raises(Missing):
            await kept.appeals.create(user_id, action_id, "x")
    appeal = await kept.appeals.create(ana.id, acted.action_id, "x", KEY)
    assert await kept.appeals.create(ana.id, acted.action_id, "x", KEY) == appeal
    with pytest.raises(Conflict) as refused:
        await kept.appeals.create(ana.id, acted.action_id, "y")
    assert refused.value.constraint == "appeals_action_key"
    (listed,) = await kept.appeals.page(None, 10, open_only=True)
    assert listed.action is not None
    assert (listed.id, listed.action.id) == (appeal.id, acted.action_id)
    assert await kept.appeals.answer(appeal.id, "no", mod.id, accepted=False)
    assert not await kept.appeals.answer(appeal.id, "yes", mod.id, accepted=True)
    answered = await kept.appeals.get(appeal.id)
    assert answered is not None
    assert (answered.answer, answered.accepted) == ("no", False)
    assert await kept.appeals.page(None, 10, open_only=True) == []
    assert list(await kept.appeals.find_by_actions([acted.action_id])) == [acted.action_id]
