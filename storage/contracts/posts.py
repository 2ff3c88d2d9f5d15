"""The Post service's store: posts, comments and likes. All raise `Unavailable`."""

from collections.abc import Sequence
from typing import Protocol

from storage.contracts.social import PageKey
from storage.records.idempotency_key import IdempotencyKey
from storage.records.posts import CommentRecord, LikeRecord, PostKey, PostRecord


class PostStore(Protocol):
    """Counts equal the rows at every commit. Under the same `Once` the first result is answered again."""

    async def create(
        self, author_id: str, content: str, event_id: str | None, idempotency_key: IdempotencyKey | None
    ) -> str:
        """The id of the new post. Raises `Conflict`: `idempotency_keys`."""

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[PostRecord]:
        """Those that are there, in no order."""

    async def by_author(
        self, author_id: str, before: PageKey | None, viewer_id: str, limit: int
    ) -> list[PostRecord]:
        """The newest first."""

    async def get_author_id(self, post_id: str) -> str | None: ...

    async def delete(self, post_id: str, author_id: str) -> bool: ...

    async def set_hidden(self, post_id: str, *, hidden: bool) -> bool: ...

    async def remove_user(self, user_id: str) -> None:
        """Drop everything of a deleted user. Repeatable."""


class FeedPosts(Protocol):
    """The same store, as feeds ask it."""

    async def newest(
        self, ids: Sequence[str], authors: Sequence[str], before: PageKey | None, viewer_id: str, limit: int
    ) -> list[PostRecord]:
        """The newest of those posts and of all by those authors. One index range each."""

    async def newest_keys(self, authors: Sequence[str], limit: int) -> list[PostKey]:
        """The newest posts of all of them, newest first."""


class ReactionStore(Protocol):
    """Comments and likes of posts."""

    async def like(self, post_id: str, user_id: str) -> bool:
        """Whether that is new. Raises `Missing`: no such post."""

    async def unlike(self, post_id: str, user_id: str) -> bool: ...

    async def likes(
        self, post_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[LikeRecord]:
        """The latest first."""

    async def comment(
        self, post_id: str, author_id: str, content: str, idempotency_key: IdempotencyKey | None
    ) -> str:
        """The id of the new comment. Raises `Missing`: no such post; `Conflict`: `idempotency_keys`."""

    async def find_comment(self, comment_id: str) -> CommentRecord | None: ...

    async def comments(
        self, post_id: str, after: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[CommentRecord]:
        """The oldest first."""

    async def delete_comment(self, comment_id: str) -> bool: ...
