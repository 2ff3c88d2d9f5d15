"""Copies the privacy of accounts to the Social service, which decides on follows and access.

    PATCH private -> users.private, event -> private_accounts -> if public: accept all requests

A change is applied before its response; the event applies it again, in case an instance crashed in between.
The higher version of the user wins.
"""

from collections.abc import Callable, Sequence

from actors.domain_events.event_types import UserDeleted, UserUpserted, decode_event
from storage.contracts.domain_events import CursorUpdate, OutboxEvent
from storage.contracts.follow_requests import AccountPrivacyChange, FollowRequestStore
from storage.contracts.user_cache import UserSnapshotStore


class AccountPrivacy:
    def __init__(
        self,
        store: FollowRequestStore,
        user_snapshots: UserSnapshotStore,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._user_snapshots = user_snapshots
        self._on_changed = on_changed

    async def apply(self, user_id: str) -> None:
        """Apply the privacy of an account from the User service. A public account accepts all requests.

        Raises `Unavailable`.
        """
        for user in await self._user_snapshots.find([user_id]):
            await _store_changes(
                self._store, [AccountPrivacyChange(user_id, user.private, user.version)], None
            )
            self._on_changed()


class PrivateAccountConsumer:
    """A `Consumer` of the User service's events."""

    name = "social.private_accounts"

    def __init__(self, store: FollowRequestStore) -> None:
        self._store = store

    async def handle(self, events: Sequence[OutboxEvent], cursor_update: CursorUpdate | None) -> None:
        changes: list[AccountPrivacyChange] = []
        for event in events:
            match decode_event(event):
                case UserUpserted() as user:
                    changes.append(AccountPrivacyChange(user.id, user.private, user.version))
                case UserDeleted() as user:
                    changes.append(AccountPrivacyChange(user.id, None, user.version))
        await _store_changes(self._store, changes, cursor_update)

    async def on_outbox_restored(self) -> None:
        """Nothing to reset: an event is compared by the version of its user, not by its id."""


async def _store_changes(
    store: FollowRequestStore, changes: Sequence[AccountPrivacyChange], cursor_update: CursorUpdate | None
) -> None:
    await store.set_private(changes, None)
    for user_id in await store.public_with_requests([change.user_id for change in changes]):
        await store.accept_all(user_id)
    if cursor_update is not None:
        await store.set_private([], cursor_update)
