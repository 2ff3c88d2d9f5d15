"""Giving up an account: the user is gone at once, and every service hears of it and forgets.

    user and sessions deleted -> sockets closed -> user.deleted -> copies, posts, follows, answers go

It can not be undone. Never deletes what others said.
"""

from collections.abc import Callable, Sequence

from actors.accounts.authenticator import Authenticator
from actors.protocol.errors import ApiError
from storage.contracts.user_cache import UserSnapshotStore


class AccountDeletion:
    """`revoked` is told which sessions ended, `changed` that there is something to hear."""

    def __init__(
        self,
        user_snapshots: UserSnapshotStore,
        authenticator: Authenticator,
        on_sessions_revoked: Callable[[Sequence[str]], None],
        on_user_deleted: Callable[[], None],
    ) -> None:
        self._user_snapshots = user_snapshots
        self._authenticator = authenticator
        self._on_sessions_revoked = on_sessions_revoked
        self._on_user_deleted = on_user_deleted

    async def delete_account(self, user_id: str) -> None:
        ended = await self._user_snapshots.delete(user_id)
        if ended is None:
            raise ApiError("user.not_found", "No such user.")
        for session_id in ended:
            self._authenticator.invalidate(session_id)
        self._on_sessions_revoked(ended)
        self._on_user_deleted()
