"""State of one topic in a subscriber, and the calls that wait for its confirmation."""

import asyncio
from collections.abc import Iterable


class SubscribeWaiter:
    """A `subscribe` call that waits for confirmations. If it times out, the last one reports a gap."""

    __slots__ = ("confirmed", "remaining", "timed_out")

    def __init__(self, topics: int) -> None:
        self.remaining = topics
        self.timed_out = False
        self.confirmed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def confirm_one(self) -> bool:
        """Count a confirmation. Returns True if it was the last one and the call had timed out."""
        self.remaining -= 1
        if self.remaining:
            return False
        if not self.confirmed.done():
            self.confirmed.set_result(None)
        return self.timed_out


class TopicSubscription:
    """`requested`: the last command sent for it was SUBSCRIBE; `unanswered`: commands without a reply.

    Only the reply to the last command counts, because UNSUBSCRIBE may follow SUBSCRIBE.
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
