"""The User service's store: people, and the sessions they are logged in with."""

from collections.abc import Sequence
from typing import Protocol

from storage.records.idempotency_key import IdempotencyKey
from storage.records.users import (
    Credentials,
    Identity,
    NewUser,
    ProfileChange,
    SessionRecord,
    UserRecord,
)


class UserStore(Protocol):
    """People. Every method is one statement or one transaction; all raise `Unavailable`."""

    async def register(self, user: NewUser, idempotency_key: IdempotencyKey | None = None) -> UserRecord:
        """Store a new user; under a key that was used before, answer the user of then.

        Raises:
            Conflict: `users_email_key` or `users_username_key`: taken, without regard to case;
                `idempotency_keys`: the key was used for somebody else.
        """

    async def credentials(self, login: str) -> Credentials | None:
        """By e-mail (it holds an `@`) or username, without regard to case. Who is banned has none."""

    async def credentials_of(self, user_id: str) -> Credentials | None:
        """By id. Who is banned has none."""

    async def change(self, user_id: str, change: ProfileChange) -> UserRecord:
        """Change a profile. Raises `Missing`, or `Conflict` as `register` does."""

    async def change_password(self, user_id: str, password_hash: str, keep_session: str) -> list[str]:
        """Set the hash and revoke every other session, in one transaction; answers the revoked ids."""

    async def find(self, user_ids: Sequence[str]) -> list[UserRecord]:
        """Those of the ids that exist, in no order; one round trip."""

    async def by_username(self, username: str) -> UserRecord | None: ...

    async def search(self, prefix: str, after: tuple[str, str] | None, limit: int) -> list[UserRecord]:
        """By prefix of username or display name, ordered by (username, id), after that key."""


class SessionStore(Protocol):
    """Logged-in sessions, by the SHA-256 of their token (hex). All raise `Unavailable`."""

    async def open(self, user_id: str, token_hash: str, lifetime_s: int) -> SessionRecord:
        """Begin a session. Raises `Missing` where there is no such user, or a banned one."""

    async def identities(self, token_hashes: Sequence[str]) -> dict[str, Identity]:
        """Who those tokens speak for, by token hash; expired and unknown ones are absent. One round trip."""

    async def touch(self, session_id: str, lifetime_s: int, lifetime_max_s: int) -> None:
        """Move `expires_at` to now + lifetime, at most the maximum after the session's beginning."""

    async def list(self, user_id: str) -> list[SessionRecord]:
        """The unexpired ones, the latest used first."""

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one session of that user; False when there is none."""
