"""Conversion of rows to records of users."""

import uuid

import asyncpg
from msgspec import UNSET

from storage.contracts.user_cache import UserCardRecord, UserSnapshot
from storage.contracts.users import ProfileChange, Role, SessionRecord, UserRecord


def to_user(row: asyncpg.Record) -> UserRecord:
    return UserRecord(
        id=str(row["id"]),
        email=row["email"],
        username=row["username"],
        display_name=row["display_name"],
        bio=row["bio"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        created_at=row["created_at"],
        private=row["private"],
        role=_to_role(row["role"]),
        silenced_until=row["silenced_until"],
    )


def _to_role(name: str | None) -> Role | None:
    """Return the role; None for one that only later versions know, which allows nothing here."""
    return Role(name) if name in set(Role) else None


def optional_id(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)


def profile_change_values(change: ProfileChange) -> list[object]:
    """Return the parameters of `user_update` after the user's id."""
    values: list[object] = []
    for field in (
        change.email,
        change.username,
        change.display_name,
        change.bio,
        change.avatar_url,
        change.private,
    ):
        values += [False, None] if field is UNSET else [True, field]
    return values


def to_session(row: asyncpg.Record) -> SessionRecord:
    return SessionRecord(
        id=str(row["id"]),
        user_id=str(row["user_id"]),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
        device=row["device"],
    )


def to_user_snapshot(row: asyncpg.Record) -> UserSnapshot:
    return UserSnapshot(
        id=str(row["id"]),
        username=row["username"],
        display_name=row["display_name"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        version=row["version"],
        deleted=row["deleted"],
        private=row.get("private", False),
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
