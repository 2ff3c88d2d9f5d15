"""Giving up an account: the user is gone at once, and every service hears of it and forgets.

    user and sessions deleted -> sockets closed -> user.deleted -> copies, posts, follows, answers go

It can not be undone. Never deletes what others said.
"""

from collections.abc import Callable, Sequence

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from storage.contracts.user_cache import UserSnapshotStore


class Leaving:
    """`revoked` is told which sessions ended, `changed` that there is something to hear."""

    def __init__(
        self,
        people: UserSnapshotStore,
        authenticator: Authenticator,
        revoked: Callable[[Sequence[str]], None],
        changed: Callable[[], None],
    ) -> None:
        self._people = people
        self._authenticator = authenticator
        self._revoked = revoked
        self._changed = changed

    async def leave(self, user_id: str) -> None:
        ended = await self._people.delete(user_id)
        if ended is None:
            raise ApiError("user.not_found", "No such user.")
        for session_id in ended:
            self._authenticator.forget(session_id)
        self._revoked(ended)
        self._changed()
