"""What a load test asks of the User service's store: people by the thousand."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class BulkUser(msgspec.Struct, frozen=True):
    """Somebody who is to exist, and be logged in by the token of that hash."""

    id: str
    username: str
    token_hash: str


class BulkUserStore(Protocol):
    async def insert_users(self, users: Sequence[BulkUser], session_lifetime_s: int) -> int:
        """Make them users with a session each; all of them or none. Answers how many.

        The feed tells of each as of any new user. None of them has a password that anything matches.
        One round trip; give some thousands at most. Raises `Conflict` where one is there, `Unavailable`.
        """
