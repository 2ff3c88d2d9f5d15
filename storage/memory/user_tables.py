"""In-memory tables of the User service, shared by its three stores.

The stores' methods do not await between reads and writes, so each is atomic within one event loop.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from storage.records.idempotency_key import IdempotencyKey
from storage.records.users import SessionRecord, UserRecord


def wall_clock() -> datetime:
    return datetime.now(UTC)


class UserTables:
    __slots__ = ("idempotency_keys", "now", "password_hashes", "session_ids_by_token", "sessions", "users")

    def __init__(self, now: Callable[[], datetime] = wall_clock) -> None:
        self.now = now
        self.users: dict[str, UserRecord] = {}
        self.password_hashes: dict[str, str] = {}
        self.idempotency_keys: dict[str, tuple[IdempotencyKey, str]] = {}
        self.sessions: dict[str, SessionRecord] = {}
        self.session_ids_by_token: dict[str, str] = {}

    def end_session(self, session_id: str) -> None:
        del self.sessions[session_id]
        for token_hash, owner in list(self.session_ids_by_token.items()):
            if owner == session_id:
                del self.session_ids_by_token[token_hash]
