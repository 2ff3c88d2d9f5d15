"""One topic as a subscriber sees it, and who waits for it. It never talks to the server."""

import asyncio
from collections.abc import Iterable


class SubscribeWaiter:
    """One call that waits until so many topics are heard; when it gives up, the hearing is owed a notice."""

    __slots__ = ("confirmed", "remaining", "timed_out")

    def __init__(self, topics: int) -> None:
        self.remaining = topics
        self.timed_out = False
        self.confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def confirm_one(self) -> bool:
        """Another topic is heard; True when it was the last one of a call that had given up."""
        self.remaining -= 1
        if self.remaining:
            return False
        if not self.confirmed.done():
            self.confirmed.set_result(None)
        return self.timed_out


class TopicSubscription:
    """`asked`: the last command about it on this connection was to subscribe; `pending`: unanswered ones.

    Only the answer to the last command counts: an earlier one may be followed by its opposite.
    """

    __slots__ = ("name", "requested", "unanswered", "waiters", "wanted")

    def __init__(self, name: str) -> None:
        self.name = name
        self.wanted = False
        self.requested = False
        self.unanswered = 0
        self.waiters: list[SubscribeWaiter] | None = None

    @property
    def is_active(self) -> bool:
        return self.wanted and self.requested and self.unanswered == 0

    def add_waiter(self, waiter: SubscribeWaiter) -> None:
        if self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)

    def pop_waiters(self) -> Iterable[SubscribeWaiter]:
        waiters, self.waiters = self.waiters, None
        return waiters or ()
