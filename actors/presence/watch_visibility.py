"""Ends presence watches between users who may no longer see each other's presence.

    follow ended, conversation left -> both users' watches are checked -> those without permission end
    block                           -> the watches between the two end at once

Whether a user may see another is checked when a watch begins. Nothing more is read for a push, so what takes
the permission away has to end the watch. The permission holds in both directions, as the watches of both do.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from actors.presence.presence_subscriptions import PresenceSubscriptions
from actors.protocol.errors import ApiError
from actors.retries import retry_until_available
from actors.runtime.task_pool import TaskPool
from storage.errors import Unavailable

VisibleUsers = Callable[[str, Sequence[str]], Awaitable[set[str]]]
"""Maps (viewer id, user ids) to those users that the viewer may see; blocked users are not among them."""


class WatchVisibility:
    """One user is checked at a time, so that many changes at once do not delay what else reads the stores."""

    def __init__(self, subscriptions: PresenceSubscriptions, visible_users: VisibleUsers) -> None:
        self._subscriptions = subscriptions
        self._visible_users = visible_users
        self._unchecked: dict[str, None] = {}
        self._is_checking = False
        self._task_pool = TaskPool("checks of presence watches")
        self.change_count = 0
        """The number of changes so far. A permission that was read before the last one may be outdated."""

    async def close(self) -> None:
        await self._task_pool.cancel()

    def end_between(self, one: str, other: str) -> None:
        """End the watches between two users after one blocked the other."""
        self.change_count += 1
        self._subscriptions.unwatch_between(one, other)

    def recheck(self, user_ids: Iterable[str]) -> None:
        """Check soon whom these users watch, and who watches them."""
        self.change_count += 1
        self._unchecked.update(dict.fromkeys(user_ids))
        if not self._is_checking:
            self._is_checking = True
            self._task_pool.spawn(self._check())

    def recheck_all(self) -> None:
        """Check all watches: messages about a change may have been lost."""
        self.recheck(self._subscriptions.watching_users())

    async def _check(self) -> None:
        try:
            while self._unchecked:
                user_ids, self._unchecked = self._unchecked, {}
                for user_id, others in self._subscriptions.watches_of(user_ids).items():
                    # Retried: a watch that has to end would stay.
                    visible = await retry_until_available(partial(self._load, user_id, sorted(others)))
                    for other in others - visible:
                        self._subscriptions.unwatch_between(user_id, other)
        finally:
            self._is_checking = False

    async def _load(self, user_id: str, others: Sequence[str]) -> set[str]:
        try:
            return await self._visible_users(user_id, others)
        except ApiError as error:
            raise Unavailable(error.code) from error
