"""One topic as a subscriber sees it, and who waits for it. It never talks to the server."""

import asyncio
from collections.abc import Iterable


class Waiter:
    """One call that waits until so many topics are heard; when it gives up, the hearing is owed a notice."""

    __slots__ = ("given_up", "heard", "left")

    def __init__(self, topics: int) -> None:
        self.left = topics
        self.given_up = False
        self.heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def one_less(self) -> bool:
        """Another topic is heard; True when it was the last one of a call that had given up."""
        self.left -= 1
        if self.left:
            return False
        if not self.heard.done():
            self.heard.set_result(None)
        return self.given_up


class Topic:
    """`asked`: the last command about it on this connection was to subscribe; `pending`: unanswered ones.

    Only the answer to the last command counts: an earlier one may be followed by its opposite.
    """

    __slots__ = ("asked", "name", "pending", "waiters", "wanted")

    def __init__(self, name: str) -> None:
        self.name = name
        self.wanted = False
        self.asked = False
        self.pending = 0
        self.waiters: list[Waiter] | None = None

    @property
    def heard(self) -> bool:
        return self.wanted and self.asked and self.pending == 0

    def wait(self, waiter: Waiter) -> None:
        if self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)

    def release(self) -> Iterable[Waiter]:
        waiters, self.waiters = self.waiters, None
        return waiters or ()
