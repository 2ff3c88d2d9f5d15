"""Conversion of rows to `UserSnapshot` and `UserCardRecord`."""

import asyncpg

from storage.records.user_cache import UserCardRecord, UserSnapshot


def to_user_snapshot(row: asyncpg.Record) -> UserSnapshot:
    return UserSnapshot(
        id=str(row["id"]),
        username=row["username"],
        display_name=row["display_name"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        version=row["version"],
        deleted=row["deleted"],
    )


def to_user_card(row: asyncpg.Record, user_id: str) -> UserCardRecord:
    """Convert the columns of a left join with `user_cache`; they are null if no snapshot is cached."""
    if row["username"] is None:
        return UserCardRecord(user_id)
    return UserCardRecord(
        id=user_id,
        username=row["username"],
        display_name=row["display_name"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        is_cached=True,
        deleted=row["deleted"],
    )
