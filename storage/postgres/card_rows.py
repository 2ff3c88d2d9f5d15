"""Rows of people as records: copies, and the cards that stand beside other things. Asks nothing."""

import asyncpg

from storage.records.copies import CardRecord, UserCopy


def copy_of(row: asyncpg.Record) -> UserCopy:
    return UserCopy(
        id=str(row["id"]),
        username=row["username"],
        display_name=row["display_name"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        version=row["version"],
        deleted=row["deleted"],
    )


def card_of(row: asyncpg.Record, user_id: str) -> CardRecord:
    """Who stands in a row that was joined with `user_cache`; its columns are null without a copy."""
    if row["username"] is None:
        return CardRecord(user_id)
    return CardRecord(
        id=user_id,
        username=row["username"],
        display_name=row["display_name"],
        avatar_url=row["avatar_url"],
        verified=row["verified"],
        known=True,
        deleted=row["deleted"],
    )
