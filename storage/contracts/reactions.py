"""The Post service's stores of comments and likes. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.posts import NO_REFERENCES, MentionKey, PostOwner, TextReferences
from storage.contracts.user_cache import UserCardRecord


class CommentRecord(msgspec.Struct, frozen=True):
    """`parent_id` is set for replies; a parent is no reply. Only `find_comment` sets `post_owner`."""

    id: str
    post_id: str
    author: UserCardRecord
    content: str
    created_at: datetime
    post_owner: PostOwner | None = None
    mention_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hidden_at: datetime | None = None
    parent_id: str | None = None
    parent_author_id: str | None = None
    like_count: int = 0
    liked_by_me: bool = False


class LikeRecord(msgspec.Struct, frozen=True):
    id: str
    created_at: datetime
    user: UserCardRecord


class ReactionStore(Protocol):
    """Comments and likes of posts."""

    async def like(self, post_id: str, user_id: str) -> bool:
        """Like a post. Returns whether the like is new. Raises `Missing`: no such post."""

    async def unlike(self, post_id: str, user_id: str) -> bool: ...

    async def likes(
        self, post_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[LikeRecord]:
        """Return likes of a post, newest first."""

    async def comment(
        self,
        post_id: str,
        author_id: str,
        content: str,
        idempotency_key: IdempotencyKey | None,
        references: TextReferences = NO_REFERENCES,
        parent_id: str | None = None,
    ) -> str:
        """Create a comment and return its id. A reply to a reply becomes a reply to the parent of that.

        Raises:
            Missing: the post does not exist, or the parent on this post does not exist or is hidden.
            Conflict: `idempotency_keys`: the key was used for another request.
        """

    async def find_comment(self, comment_id: str, viewer_id: str) -> CommentRecord | None:
        """Return a comment; None also if it, its parent or its post is hidden."""

    async def comments(
        self,
        post_id: str,
        after: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
        *,
        with_hidden: bool = False,
    ) -> list[CommentRecord]:
        """Return comments of a post, oldest first, without those of excluded users and replies to them.

        Unless `with_hidden`, also without hidden comments of others than the viewer, and without replies to
        these.
        """

    async def delete_comment(self, comment_id: str, user_id: str) -> str | None:
        """Delete a comment of the user, or on a post of the user, with its replies.

        Returns the id of the post; None if there was no such comment.
        """

    async def likes_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the (post id, user id) likes that exist on posts that are not hidden."""

    async def comments_among(self, ids: Sequence[str]) -> set[str]:
        """Return those of the comments that exist and are shown.

        Neither the comment, its parent nor its post is hidden.
        """

    async def mentions_among(self, keys: Sequence[MentionKey]) -> set[MentionKey]:
        """Return those of the mentions that exist in texts that are shown.

        Neither the post, nor the comment or its parent, is hidden.
        """


class CommentLikeStore(Protocol):
    """Likes of comments."""

    async def like(self, comment_id: str, user_id: str) -> bool:
        """Like a comment. Returns whether the like is new. Raises `Missing`: no such comment."""

    async def unlike(self, comment_id: str, user_id: str) -> str | None:
        """Delete a like. Returns the id of the post; None if there was no like."""

    async def likes(
        self, comment_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[LikeRecord]:
        """Return likes of a comment, newest first."""

    async def likes_among(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of the (comment id, user id) likes that exist, on comments that are shown.

        Neither the comment, its parent nor its post is hidden.
        """
