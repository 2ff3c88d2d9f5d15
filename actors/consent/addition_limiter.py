"""Limits how often a user adds or invites others, and how often a user is added or invited.

Token buckets of this instance, in bounded tables. An addition of several users takes all of its tokens, or
none.
"""

import time
from collections.abc import Callable, Sequence

from actors.protocol.errors import ApiError
from actors.runtime.token_bucket import TokenBuckets
from config.limits import Limits

BUCKETS_MAX = 20_000


class AdditionLimiter:
    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._by_actor = TokenBuckets(limits.additions_per_s, limits.additions_burst, BUCKETS_MAX, clock)
        self._by_recipient = TokenBuckets(
            limits.additions_per_recipient_per_s, limits.additions_per_recipient_burst, BUCKETS_MAX, clock
        )

    def consume(self, actor_id: str, user_ids: Sequence[str]) -> None:
        """Take a token of the actor for each user, and one of each user.

        Raises:
            ApiError: rate.limited, with the time until there will be enough.
        """
        others = [user_id for user_id in dict.fromkeys(user_ids) if user_id != actor_id]
        if not others:
            return
        wait_ms = max(
            self._by_actor.wait_ms(actor_id, len(others)),
            *(self._by_recipient.wait_ms(user_id, 1) for user_id in others),
        )
        if wait_ms > 0:
            raise ApiError(
                "rate.limited",
                "Too many users were added or invited; retry after `retry_after_ms`.",
                retry_after_ms=wait_ms,
            )
        self._by_actor.get(actor_id).consume(len(others))
        for user_id in others:
            self._by_recipient.get(user_id).consume()
