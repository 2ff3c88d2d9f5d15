"""Actions of moderators, for tests of what they change."""

import asyncpg

from storage.contracts.moderation import ActionType, NewAction, TargetKind, UserActionOutcome
from storage.embedded import StoreUrls
from storage.postgres.action_log import PostgresActionLog
from storage.postgres.idempotency_keys import PostgresIdempotencyKeys
from storage.postgres.migrations import database_url
from storage.postgres.moderation import PostgresModeration
from storage.postgres.pool import PostgresPool


def moderation_store(pool: PostgresPool) -> PostgresModeration:
    keys = PostgresIdempotencyKeys(pool)
    return PostgresModeration(pool, PostgresActionLog(pool, keys), keys)


def user_action(user_id: str, action: ActionType, actor_id: str | None = None) -> NewAction:
    return NewAction(actor_id, action, TargetKind.USER, user_id, user_id, "a reason")


async def act_on_user(pool: PostgresPool, user_id: str, action: ActionType) -> UserActionOutcome:
    """Act like the command line."""
    return await moderation_store(pool).act_on_user(user_action(user_id, action))


async def make_admin(stores: StoreUrls, user_id: str) -> None:
    """Make a user admin whose token was not used yet, so that no instance has it in its cache."""
    connection = await asyncpg.connect(database_url(stores.postgres, "users"))
    try:
        await connection.execute("UPDATE users SET role = 'admin' WHERE id = $1", user_id)
    finally:
        await connection.close()
