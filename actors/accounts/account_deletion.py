"""Deletes an account. The user and all sessions disappear at once; other services follow by event.

    delete user and login sessions -> close connections -> `user.deleted` -> services delete posts, RSVPs, ...

Deletion is permanent. What others added to the user's posts, comments and events (comments, likes, reposts,
RSVPs) is deleted with these; other content of theirs is kept.
"""

from collections.abc import Callable, Sequence

from msgspec import UnsetType

from actors.accounts.credential_checks import CredentialChecks
from actors.accounts.restrictions import last_admin
from actors.protocol.errors import ApiError
from storage.contracts.user_cache import UserSnapshotStore
from storage.errors import Conflict


class AccountDeletion:
    """`on_sessions_ended` is `LoginSessions.on_revoked`; `on_user_deleted` wakes readers of the outbox."""

    def __init__(
        self,
        user_snapshots: UserSnapshotStore,
        credential_checks: CredentialChecks,
        on_sessions_ended: Callable[[Sequence[str]], None],
        on_user_deleted: Callable[[], None],
    ) -> None:
        self._user_snapshots = user_snapshots
        self._credential_checks = credential_checks
        self._on_sessions_ended = on_sessions_ended
        self._on_user_deleted = on_user_deleted

    async def delete_account(self, user_id: str, current_password: str | UnsetType) -> None:
        """Delete the account.

        Raises:
            ApiError: as `CredentialChecks.confirm`; role.last_admin; user.not_found, if it was deleted
                meanwhile.
        """
        await self._credential_checks.confirm(user_id, current_password)
        try:
            session_ids = await self._user_snapshots.delete(user_id)
        except Conflict:
            raise last_admin() from None
        if session_ids is None:
            raise ApiError("user.not_found", "No such user.")
        self._on_sessions_ended(session_ids)
        self._on_user_deleted()
