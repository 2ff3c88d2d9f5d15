"""Bulk creation of users, for load tests."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class BulkUser(msgspec.Struct, frozen=True):
    """A user to create, with one session. `token_hash` is the SHA-256 (hex) of its token."""

    id: str
    username: str
    token_hash: str


class BulkUserStore(Protocol):
    async def insert_users(self, users: Sequence[BulkUser], session_lifetime_s: int) -> int:
        """Create the users, each with one session, and return how many. All or nothing.

        Each publishes `user.created` like any new user. No password matches their password hash.
        Cost: one round trip; pass a few thousand users at most.

        Raises:
            Conflict: a username or address is taken or blocked; none was created.
            Unavailable: the users may or may not have been created.
        """
