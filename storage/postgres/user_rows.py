"""Rows of the User service as records, and ids as the driver takes them.

Never asks the database.
"""

import uuid
from collections.abc import Iterable

import asyncpg

from storage.records.users import SessionRecord, UserRecord


def id_of(text: str) -> uuid.UUID | None:
    """Read an id in exactly the form that is given out; any other text names nobody."""
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None


def ids_of(texts: Iterable[str]) -> list[uuid.UUID]:
    return [parsed for text in texts if (parsed := id_of(text)) is not None]


def user_of(row: asyncpg.Record) -> UserRecord:
    return UserRecord(
        id=str(row["id"]),
        email=row["email"],
        username=row["username"],
        display_name=row["display_name"],
        bio=row["bio"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        created_at=row["created_at"],
    )


def session_of(row: asyncpg.Record) -> SessionRecord:
    return SessionRecord(
        id=str(row["id"]),
        user_id=str(row["user_id"]),
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
    )
