"""Mutes: users whose posts are left out of home feed and public timeline, or whose actions do not notify.

The muted user is not affected. A mute applies to new notifications; those from before stay. Users are
notified of updates and cancellations of their events even if they mute the host. Stateless.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import Mute
from actors.protocol.timestamps import rfc3339_or_none, to_utc
from actors.social.block_service import BlockService
from actors.social.social import user_not_found
from actors.user_cache.user_cards import UserCards
from config.limits import MUTES_MAX
from storage.contracts.mutes import MuteRecord, MuteScope, MuteStore
from storage.contracts.paging import PageKey
from storage.errors import USERS_DELETED, Conflict


def utc_now() -> datetime:
    return datetime.now(UTC)


class Mutes:
    def __init__(
        self,
        store: MuteStore,
        user_cards: UserCards,
        block_service: BlockService,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store = store
        self._user_cards = user_cards
        self._block_service = block_service
        self._clock = clock

    async def mute(self, user_id: str, other_id: str, scope: MuteScope) -> None:
        """Mute a user, or replace what the mute hides. Concurrent calls may exceed the bound.

        Raises:
            ApiError: user.not_found; mute.limit; request.invalid, for the user themselves, a mute that hides
                nothing, or one that would have ended already.
        """
        if user_id == other_id:
            raise invalid_field("id", "You cannot mute yourself.")
        if not (scope.posts or scope.notifications):
            raise invalid_field("posts", "Mute `posts`, `notifications`, or both.")
        expires_at = None if scope.expires_at is None else to_utc("expires_at", scope.expires_at)
        if expires_at is not None and expires_at <= self._clock():
            raise invalid_field("expires_at", "Must be in the future.")
        if await self._store.count_mutes_of_others(user_id, other_id, MUTES_MAX) >= MUTES_MAX:
            raise ApiError("mute.limit", f"You can mute at most {MUTES_MAX} users.")
        await self._user_cards.get(other_id)
        await self._block_service.require_visible(user_id, other_id, "user.not_found", "No such user.")
        try:
            await self._store.mute(user_id, other_id, MuteScope(scope.posts, scope.notifications, expires_at))
        except Conflict as conflict:
            raise (user_not_found() if conflict.constraint == USERS_DELETED else conflict) from None

    async def unmute(self, user_id: str, other_id: str) -> None:
        """Succeeds if there is no mute, or the other user was deleted."""
        await self._store.unmute(user_id, other_id)

    async def page(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[Mute]:
        """List the users that a user mutes, without those with a block between them."""
        blocked_ids = await self._block_service.list_blocked_users(user_id)
        records = await self._store.page(user_id, before, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.user.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage([_to_mute(record, cards[record.user.id]) for record in page], key)


def _to_mute(record: MuteRecord, user: UserCard) -> Mute:
    scope = record.scope
    expires_at = rfc3339_or_none(scope.expires_at)
    return Mute(user, scope.posts, scope.notifications, expires_at)
