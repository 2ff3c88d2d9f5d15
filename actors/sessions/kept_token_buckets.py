"""Rate limits of users without a connection, kept so that a new connection does not start with a full one."""

from typing import Final

from actors.runtime.token_bucket import TokenBucket
from actors.sessions.online_user import OnlineUser

KEPT_TOKEN_BUCKETS_MAX: Final = 10_000
"""Users without a connection whose rate limit is kept; one more drops the oldest."""


class KeptTokenBuckets:
    """Token buckets that are not full, by user."""

    __slots__ = ("_buckets",)

    def __init__(self) -> None:
        # In the order of disconnecting.
        self._buckets: dict[str, TokenBucket] = {}

    def keep(self, user: OnlineUser) -> None:
        """Keep the bucket of a user without a connection, unless it is full."""
        bucket = user.used_token_bucket
        if bucket is None:
            return
        if len(self._buckets) >= KEPT_TOKEN_BUCKETS_MAX:
            # The oldest entry has refilled most.
            del self._buckets[next(iter(self._buckets))]
        self._buckets[user.user_id] = bucket

    def restore(self, user: OnlineUser) -> None:
        """Give a user the bucket that was kept, if one was."""
        bucket = self._buckets.pop(user.user_id, None)
        if bucket is not None:
            user.restore_token_bucket(bucket)
