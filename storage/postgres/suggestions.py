"""Suggestions of users to follow, in PostgreSQL."""

from collections.abc import Mapping

from config.limits import (
    SUGGESTION_FOLLOWEES_EACH,
    SUGGESTION_FOLLOWEES_READ,
    SUGGESTION_POPULAR_READ,
)
from storage.contracts.suggestions import SuggestionRecord
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.user_rows import to_user_card
from storage.postgres.uuid_params import to_uuid

SERVICE = "social"


class PostgresSuggestions:
    """Implements `storage.contracts.suggestions.SuggestionStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._suggest = load_statement(SERVICE, "suggestions", "suggestion_list")
        self._dismiss = load_statement(SERVICE, "suggestions", "dismissal_insert")

    async def suggest(
        self, user_id: str, co_attendees: Mapping[str, int], limit: int
    ) -> list[SuggestionRecord]:
        rows = await self._pool.rows(
            self._suggest,
            to_uuid(user_id),
            [to_uuid(co_attendee_id) for co_attendee_id in co_attendees],
            list(co_attendees.values()),
            SUGGESTION_FOLLOWEES_READ,
            SUGGESTION_FOLLOWEES_EACH,
            SUGGESTION_POPULAR_READ,
            limit,
        )
        return [
            SuggestionRecord(
                to_user_card(row, str(row["user_id"])),
                row["friend_count"],
                row["co_attendee_count"],
                row["followers_count"],
            )
            for row in rows
        ]

    async def dismiss(self, user_id: str, dismissed_id: str) -> None:
        await self._pool.write(self._dismiss, to_uuid(user_id), to_uuid(dismissed_id))
