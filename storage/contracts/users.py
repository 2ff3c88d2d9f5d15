"""The User service's stores and records: users, login sessions and login support.

Passwords and tokens occur only as hashes.
"""

import builtins
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey

NO_END: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of a restriction without one."""


class Role(StrEnum):
    """What a user may do beyond their own account. Admins may do all that moderators may."""

    ADMIN = "admin"
    MODERATOR = "moderator"


def outranks(role: str | None, other_role: str | None) -> bool:
    """Whether a user with `role` may act on one with `other_role`.

    Moderators act on users without a role, admins on moderators too; neither on users with a role that only
    later versions know.
    """
    if role == Role.ADMIN.value:
        return other_role in {None, Role.MODERATOR.value}
    return role == Role.MODERATOR.value and other_role is None


class UserRecord(msgspec.Struct, frozen=True):
    """`silenced_until` may have passed."""

    id: str
    email: str
    username: str
    display_name: str | None
    bio: str | None
    avatar_url: str | None
    verified: bool
    created_at: datetime
    private: bool = False
    role: Role | None = None
    silenced_until: datetime | None = None


class Credentials(msgspec.Struct, frozen=True):
    """A user and the password hash that a login is checked against.

    Until `suspended_until` the user may not log in; for banned users it is `NO_END`.
    """

    user: UserRecord
    password_hash: str
    suspended_until: datetime | None = None


class NewUser(msgspec.Struct, frozen=True):
    email: str
    username: str
    password_hash: str
    display_name: str | None
    invite_code: str | None = None
    """The code that the registration needs and uses; None if it needs none."""


class ProfileChange(msgspec.Struct, frozen=True):
    """New values of fields; `msgspec.UNSET` leaves a field unchanged, None clears it.

    A new `email` is not verified.
    """

    email: str | msgspec.UnsetType = msgspec.UNSET
    username: str | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType | None = msgspec.UNSET
    bio: str | msgspec.UnsetType | None = msgspec.UNSET
    avatar_url: str | msgspec.UnsetType | None = msgspec.UNSET
    private: bool | msgspec.UnsetType = msgspec.UNSET


class SessionRecord(msgspec.Struct, frozen=True):
    """A login session."""

    id: str
    user_id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    device: str | None = None
    """What logged in, in plain words; None if unknown."""


class SessionState(msgspec.Struct, frozen=True):
    """When a login session expires, and until when its user is silenced; the latter may have passed."""

    expires_at: datetime
    silenced_until: datetime | None = None


class Identity(msgspec.Struct, frozen=True):
    """The user and login session that a valid token belongs to."""

    session_id: str
    user: UserRecord
    expires_at: datetime


class UserStore(Protocol):
    """Users. Every change is one statement or one transaction; all methods raise `Unavailable`."""

    async def register(self, user: NewUser, idempotency_key: IdempotencyKey | None = None) -> UserRecord:
        """Store a new user; a repeated idempotency key returns the user created first.

        Raises:
            Conflict: `users_email_key` or `users_username_key`: taken (case-insensitive);
                `name_blocks_username` or `name_blocks_email_domain`: blocked by admins; `invite_codes`: the
                invite code is unknown, expired or used up; `idempotency_keys`: the key was used for another
                request, or the user created first was deleted.
        """

    async def credentials(self, login: str) -> Credentials | None:
        """Find by e-mail (contains `@`) or username, case-insensitive; banned and suspended users too."""

    async def credentials_of(self, user_id: str) -> Credentials | None:
        """Find by id. None for banned or suspended users."""

    async def change(self, user_id: str, change: ProfileChange) -> UserRecord:
        """Change a profile. Raises `Missing`, or `Conflict` as `register` does for names and addresses."""

    async def change_password(self, user_id: str, password_hash: str, keep_session: str) -> list[str]:
        """Set the hash and revoke every other session; return the revoked ids. Unknown users have none.

        Also ends reset tokens and the link to the calendar.
        """

    async def find(self, user_ids: Sequence[str]) -> list[UserRecord]:
        """Return those of the users that exist, in no particular order. One round trip."""

    async def by_username(self, username: str) -> UserRecord | None: ...

    async def search(
        self, text: str, after: tuple[str, str] | None, limit: int, excluded_user_ids: Sequence[str] = ()
    ) -> list[UserRecord]:
        """Find by prefixes of words of the username and display name (`storage.search_words`).

        All words of `text` must match; ordered by (username, id), after that key, without the excluded users.
        Raises `QueryTimeout`.
        """


class SessionStore(Protocol):
    """Login sessions, by the SHA-256 of their token (hex). All raise `Unavailable`."""

    async def open(
        self, user_id: str, token_hash: str, lifetime_s: int, device: str | None = None
    ) -> SessionRecord:
        """Create a session. Raises `Missing` if the user does not exist, or is banned or suspended."""

    async def end_oldest(self, user_id: str, keep: int) -> builtins.list[str]:
        """End a user's sessions beyond the `keep` most recently used ones; return the ids of the ended.

        Expired sessions count too.
        """

    async def identities(self, token_hashes: Sequence[str]) -> dict[str, Identity]:
        """Return identities by token hash; expired and unknown tokens are absent. One round trip."""

    async def states(self, session_ids: Sequence[str]) -> dict[str, SessionState]:
        """Return the states of sessions, by id; revoked and expired sessions are absent. One round trip."""

    async def touch(self, session_id: str, lifetime_s: int, lifetime_max_s: int) -> None:
        """Set `last_used_at` to now, and `expires_at` to now + `lifetime_s`.

        That is at most `lifetime_max_s` after the session's creation. An expired session stays expired.
        """

    async def list(self, user_id: str) -> list[SessionRecord]:
        """Return unexpired sessions, most recently used first, at most `SESSIONS_LISTED_MAX`."""

    async def revoke(self, user_id: str, session_id: str) -> bool:
        """End one session of the user. Returns False if it does not exist."""


class LoginStore(Protocol):
    """Each method is one statement and idempotent. All raise `Unavailable`."""

    async def replace_password_hash(self, user_id: str, old_hash: str, new_hash: str) -> None:
        """Replace `old_hash` with `new_hash`; do nothing if the stored hash is no longer `old_hash`.

        For rehashing the same password with new parameters: sessions stay valid.
        """

    async def find_expired(self, token_hashes: Sequence[str]) -> frozenset[str]:
        """Return those of the hashes whose session is stored but expired. One round trip."""
