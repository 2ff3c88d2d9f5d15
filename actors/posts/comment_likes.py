"""Likes of comments. Only users who can see a comment can like it; anyone can take back a like."""

from collections.abc import Callable

from actors.posts.reactions import Reactions, comment_not_found
from storage.contracts.posts import CommentLikeStore
from storage.errors import Missing


class CommentLikes:
    def __init__(self, store: CommentLikeStore, reactions: Reactions, on_changed: Callable[[], None]) -> None:
        self._store = store
        self._reactions = reactions
        self._on_changed = on_changed

    async def like(self, user_id: str, comment_id: str) -> None:
        """Like a comment. Idempotent. Raises `comment.not_found`."""
        await self._reactions.get_comment(user_id, comment_id)
        try:
            await self._store.like(comment_id, user_id)
        except Missing:
            raise comment_not_found() from None
        self._on_changed()

    async def unlike(self, user_id: str, comment_id: str) -> None:
        """Take back a like, also of a comment that the user no longer sees. Raises `comment.not_found`."""
        if await self._store.unlike(comment_id, user_id):
            self._on_changed()
        else:
            await self._reactions.get_comment(user_id, comment_id)
