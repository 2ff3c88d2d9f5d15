"""Requests to join a conversation in PostgreSQL."""

from collections.abc import Sequence

import asyncpg

from config.limits import (
    CONVERSATION_REQUEST_LIFETIME_S,
    CONVERSATION_REQUESTS_OPEN,
    CONVERSATION_REQUESTS_SENT,
)
from storage.contracts.conversation_requests import NewRequests, RequestRecord
from storage.contracts.paging import PageKey
from storage.postgres.pool import PostgresPool
from storage.postgres.statement import load_statement
from storage.postgres.uuid_params import page_before, to_uuid, to_uuids

SERVICE = "social"
LAST_CONVERSATION_ID = "g"
"""Greater than every conversation id, which has hexadecimal digits only."""


class PostgresConversationRequests:
    """Implements `storage.contracts.conversation_requests.ConversationRequestStore`."""

    def __init__(self, pool: PostgresPool) -> None:
        self._pool = pool
        self._add = load_statement(SERVICE, "conversation_requests", "request_add")
        self._page = load_statement(SERVICE, "conversation_requests", "request_page")
        self._get = load_statement(SERVICE, "conversation_requests", "request_get")
        self._decline = load_statement(SERVICE, "conversation_requests", "request_decline")
        self._delete = load_statement(SERVICE, "conversation_requests", "request_delete")
        self._delete_between = load_statement(SERVICE, "conversation_requests", "request_delete_between")

    async def add(self, requests: NewRequests) -> list[RequestRecord]:
        rows = await self._pool.write(
            self._add,
            to_uuids(requests.recipient_ids),
            to_uuids(requests.unseen_ids),
            requests.conversation_id,
            to_uuid(requests.actor_id),
            None if requests.event_id is None else to_uuid(requests.event_id),
            None if requests.owner_id is None else to_uuid(requests.owner_id),
            requests.name,
            CONVERSATION_REQUESTS_OPEN,
            CONVERSATION_REQUESTS_SENT,
            float(CONVERSATION_REQUEST_LIFETIME_S),
        )
        return [_to_request(row) for row in rows]

    async def page(self, recipient_id: str, before: PageKey | None, limit: int) -> list[RequestRecord]:
        until, _ = page_before(before)
        before_id = LAST_CONVERSATION_ID if before is None else before[1]
        rows = await self._pool.rows(self._page, to_uuid(recipient_id), until, before_id, limit)
        return [_to_request(row) for row in rows]

    async def get(self, recipient_id: str, conversation_id: str) -> RequestRecord | None:
        row = await self._pool.row(self._get, to_uuid(recipient_id), conversation_id)
        return _to_request(row) if row else None

    async def decline(self, recipient_id: str, conversation_id: str) -> bool:
        return bool(await self._pool.write(self._decline, to_uuid(recipient_id), conversation_id))

    async def remove(self, recipient_ids: Sequence[str], conversation_id: str) -> list[str]:
        rows = await self._pool.write(self._delete, to_uuids(recipient_ids), conversation_id)
        return [str(row["recipient_id"]) for row in rows]

    async def remove_between(self, user_id: str, other_id: str) -> list[tuple[str, str]]:
        rows = await self._pool.write(self._delete_between, to_uuid(user_id), to_uuid(other_id))
        return [(str(row["recipient_id"]), row["conversation_id"]) for row in rows]


def _to_request(row: asyncpg.Record) -> RequestRecord:
    event_id = row["event_id"]
    return RequestRecord(
        recipient_id=str(row["recipient_id"]),
        conversation_id=row["conversation_id"],
        actor_id=str(row["actor_id"]),
        event_id=None if event_id is None else str(event_id),
        name=row["name"],
        created_at=row["created_at"],
    )
