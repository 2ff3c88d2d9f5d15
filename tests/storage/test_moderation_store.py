"""Contracts of `ModerationStore`, `ActionLog` and `AppealStore` on PostgreSQL."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
from storage.contracts.users import NO_END, NewUser, Role, UserRecord
from storage.errors import Conflict, Missing
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.appeals import PostgresAppeals
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from tests.moderation import user_action

UNKNOWN = "00000000-0000-4000-8000-000000000000"
KEY = IdempotencyKey("k" * 64, "d")


@dataclass
class Stores:
    users: PostgresUsers
    sessions: PostgresSessions
    moderation: ModerationStore
    log: ActionLog
    appeals: AppealStore

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
    assert credentials.shut_out_until is None
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
    assert latest.type is ActionType.HIDE
    restore = NewAction(None, ActionType.RESTORE, TargetKind.POST, "p1", ana.id, "x")
    await kept.log.record(restore)
    with pytest.raises(Conflict):
        await kept.log.record(restore)


async def test_one_appeal_for_each_action(kept: Stores) -> None:
    """By the user acted upon, answered once."""
    ana, ben, mod = [await kept.register(name) for name in ("ana", "ben", "mod")]
    acted = await kept.moderation.act_on_user(user_action(ana.id, ActionType.SUSPEND))
    assert await kept.appeals.find_shut_out_action(ana.id) == acted.action_id
    assert await kept.appeals.find_shut_out_action(ben.id) is None
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
