"""Follows and blocks, with their lists and counts.

Two users with a block between them do not exist for each other (`user.not_found`). Only followers see the
lists of a private account; for others they are empty. Stateless.
"""

from collections.abc import Callable, Sequence

from actors.pagination import KeysetPage, paginate
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import UserCard
from actors.protocol.social_objects import SocialStats
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from config.limits import BLOCKS_MAX, FOLLOWS_MAX
from storage.contracts.identifiers import is_user_id
from storage.contracts.paging import PageKey
from storage.contracts.post_access import PostAccess, PostAccessStore
from storage.contracts.social import FollowRecord, SocialStore
from storage.errors import USERS_DELETED, Conflict


class Social:
    """`on_changed` is called after every write.

    `on_block_changed` gets the two users of a changed block, `on_follow_ended` the one who followed.
    """

    def __init__(
        self,
        store: SocialStore,
        post_access: PostAccessStore,
        user_cards: UserCards,
        block_service: BlockService,
        on_changed: Callable[[], None],
        on_block_changed: Callable[[str, str], None],
        on_follow_ended: Callable[[str], None],
    ) -> None:
        self._store = store
        self._post_access = post_access
        self._user_cards = user_cards
        self._block_service = block_service
        self._on_changed = on_changed
        self._on_block_changed = on_block_changed
        self._on_follow_ended = on_follow_ended

    async def follow(self, user_id: str, other_id: str) -> None:
        """Follow a user, or request to follow a private account. Idempotent.

        Concurrent calls may exceed `FOLLOWS_MAX`.

        Raises:
            ApiError: user.not_found, follow.limit, follow_request.limit, request.invalid.
        """
        if user_id == other_id:
            raise invalid_field("id", "You cannot follow yourself.")
        try:
            await self._user_cards.get(other_id)
        except ApiError:
            # At the limit the error must not show who exists for the caller.
            if (await self._store.stats(user_id)).following_count >= FOLLOWS_MAX:
                raise _follow_limit() from None
            raise
        try:
            await self._store.follow(user_id, other_id)
        except Conflict as conflict:
            if conflict.constraint == "follows_max":
                raise _follow_limit() from None
            if conflict.constraint in {"follows_blocked", USERS_DELETED}:
                raise user_not_found() from None
            if conflict.constraint == "follow_requests_max":
                raise ApiError("follow_request.limit", "Too many follow requests are pending.") from None
            raise
        self._on_changed()

    async def unfollow(self, user_id: str, other_id: str) -> None:
        """End a follow, or withdraw the request for it.

        Succeeds if there is neither, or the other user was deleted.
        """
        await self._end_follow(user_id, other_id)

    async def remove_follower(self, user_id: str, follower_id: str) -> None:
        """End the follow of another user, or decline the request for it. Succeeds if there is neither."""
        await self._end_follow(follower_id, user_id)

    async def _end_follow(self, follower_id: str, followed_id: str) -> None:
        if await self._store.unfollow(follower_id, followed_id):
            self._on_follow_ended(follower_id)
        self._on_changed()

    async def block(self, user_id: str, other_id: str) -> None:
        """Block a user. A user who is blocked can block back, so existing blocks are not checked.

        Succeeds without effect for a user who does not exist: otherwise it would show whether a user that the
        caller cannot see was deleted, or has blocked the caller. Concurrent calls may exceed `BLOCKS_MAX`.

        Raises:
            ApiError: user.not_found for a malformed id, block.limit, request.invalid.
        """
        if user_id == other_id:
            raise invalid_field("id", "You cannot block yourself.")
        # Checked first, for the same reason.
        if await self._store.count_blocks_of_others(user_id, other_id, BLOCKS_MAX) >= BLOCKS_MAX:
            raise ApiError("block.limit", f"You can block at most {BLOCKS_MAX} users.")
        if other_id not in await self._user_cards.find([other_id]):
            if is_user_id(other_id):
                return
            raise user_not_found()
        try:
            await self._store.block(user_id, other_id)
        except Conflict as conflict:
            if conflict.constraint == USERS_DELETED:
                return
            raise
        self._on_block_changed(user_id, other_id)
        self._on_changed()

    async def unblock(self, user_id: str, other_id: str) -> None:
        await self._store.unblock(user_id, other_id)
        self._on_block_changed(user_id, other_id)
        self._on_changed()

    async def blocked_users(self, user_id: str, before: PageKey | None, limit: int) -> KeysetPage[UserCard]:
        """List the users that a user blocks, also those who block the user and so cannot be seen."""
        records = await self._store.blocked_users(user_id, before, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.user.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage([cards[record.user.id] for record in page], key)

    async def followers(
        self, viewer_id: str, user_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[UserCard]:
        await self._require_user(viewer_id, user_id)
        if not await self._can_see_lists(viewer_id, user_id):
            return KeysetPage([], None)
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        return await self._to_page(
            await self._store.followers(user_id, before, blocked_ids, limit + 1), limit
        )

    async def following(
        self, viewer_id: str, user_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[UserCard]:
        await self._require_user(viewer_id, user_id)
        if not await self._can_see_lists(viewer_id, user_id):
            return KeysetPage([], None)
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        return await self._to_page(
            await self._store.following(user_id, before, blocked_ids, limit + 1), limit
        )

    async def get_stats(self, viewer_id: str, user_id: str) -> SocialStats:
        await self._require_user(viewer_id, user_id)
        stats = await self._store.stats(user_id)
        return SocialStats(user_id, stats.followers_count, stats.following_count, stats.posts_count)

    async def _require_user(self, viewer_id: str, user_id: str) -> None:
        """Raise `user.not_found` if the user does not exist for the viewer."""
        await self._user_cards.get(user_id)
        if await self._block_service.is_blocked(viewer_id, user_id):
            raise user_not_found()

    async def _can_see_lists(self, viewer_id: str, user_id: str) -> bool:
        """Return whether the viewer may see whom the user follows, and who follows the user."""
        access = await self._post_access.find([(viewer_id, user_id)])
        return access.get((viewer_id, user_id), PostAccess.NONE) is not PostAccess.NONE

    async def _to_page(self, records: Sequence[FollowRecord], limit: int) -> KeysetPage[UserCard]:
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage([cards[record.user.id] for record in page], key)


def _follow_limit() -> ApiError:
    return ApiError("follow.limit", f"You can follow at most {FOLLOWS_MAX} users.")


def user_not_found() -> ApiError:
    return ApiError("user.not_found", "No such user.")
