"""Likes of comments.

Only users who can see a comment can like it, or see who likes it. Anyone can take back a like.
"""

from collections.abc import Callable

from actors.pagination import KeysetPage, paginate
from actors.posts.reactions import Reactions, comment_not_found
from actors.protocol.objects import UserCard
from actors.social.block_service import BlockService
from actors.user_cache.user_cards import UserCards
from storage.contracts.paging import PageKey
from storage.contracts.reactions import CommentLikeStore
from storage.errors import Missing


class CommentLikes:
    def __init__(
        self,
        store: CommentLikeStore,
        reactions: Reactions,
        user_cards: UserCards,
        block_service: BlockService,
        on_changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._reactions = reactions
        self._user_cards = user_cards
        self._block_service = block_service
        self._on_changed = on_changed

    async def like(self, user_id: str, comment_id: str) -> None:
        """Like a comment. Idempotent. Raises `comment.not_found`."""
        comment = await self._reactions.get_comment(user_id, comment_id)
        try:
            await self._store.like(comment_id, user_id)
        except Missing:
            raise comment_not_found() from None
        self._on_changed(comment.post_id)

    async def unlike(self, user_id: str, comment_id: str) -> None:
        """Take back a like, also of a comment that the user no longer sees. Raises `comment.not_found`."""
        post_id = await self._store.unlike(comment_id, user_id)
        if post_id is None:
            await self._reactions.get_comment(user_id, comment_id)
        else:
            self._on_changed(post_id)

    async def page(
        self, viewer_id: str, comment_id: str, before: PageKey | None, limit: int
    ) -> KeysetPage[UserCard]:
        """List the users who like a comment, the latest first. Raises `comment.not_found`."""
        await self._reactions.get_comment(viewer_id, comment_id)
        blocked_ids = await self._block_service.list_blocked_users(viewer_id)
        records = await self._store.likes(comment_id, before, blocked_ids, limit + 1)
        page, key = paginate(records, limit, lambda record: (record.created_at, record.id))
        cards = await self._user_cards.for_records(record.user for record in page)
        return KeysetPage([cards[record.user.id] for record in page], key)
