"""The Post service's stores: posts, their edits, reposts and bookmarks. All methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Final, Protocol

import msgspec

from storage.contracts.idempotency import IdempotencyKey
from storage.contracts.paging import PageKey
from storage.contracts.user_cache import UserCardRecord


class TextReferences(msgspec.Struct, frozen=True):
    """What a text refers to: users by id, and tags as written with their keys, in the same order."""

    mention_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tag_keys: tuple[str, ...] = ()


NO_REFERENCES: Final = TextReferences()

PUBLIC: Final = "public"
"""Visibility of a post that everyone can see."""
FOLLOWERS: Final = "followers"
"""Visibility of a post that only the followers of its author can see."""


class NewPostRecord(msgspec.Struct, frozen=True):
    """A post to create. With `quote_of_id` it quotes that post."""

    author_id: str
    content: str
    event_id: str | None = None
    visibility: str = PUBLIC
    quote_of_id: str | None = None
    references: TextReferences = NO_REFERENCES


class PostChange(msgspec.Struct, frozen=True):
    """What an edit changes of a post."""

    content: str
    references: TextReferences = NO_REFERENCES


class OriginalPost(msgspec.Struct, frozen=True):
    """The post that a repost or quote is of, with what decides who can see it."""

    id: str
    author_id: str
    visibility: str


class PostOwner(msgspec.Struct, frozen=True):
    """What decides who can see a post. A repost is visible only where its original is too."""

    author_id: str
    visibility: str
    original: OriginalPost | None = None


class PostRecord(msgspec.Struct, frozen=True):
    """A post as seen by one viewer. Only `FeedPosts.newest` sets `has_followed_tag`.

    A repost, which has no text, and a quote have the post that they are of as original; a quote has none if
    that was deleted or hidden. `repost_count` counts public ones that are not hidden.
    """

    id: str
    author: UserCardRecord
    content: str
    event_id: str | None
    like_count: int
    comment_count: int
    liked_by_me: bool
    created_at: datetime
    mention_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    edited_at: datetime | None = None
    bookmarked_by_me: bool = False
    visibility: str = PUBLIC
    hidden_at: datetime | None = None
    has_followed_tag: bool = False
    is_repost: bool = False
    original: OriginalPost | None = None
    repost_count: int = 0
    reposted_by_me: bool = False

    @property
    def author_id(self) -> str:
        return self.author.id


class MentionKey(msgspec.Struct, frozen=True):
    """A user mentioned in a post, or in a comment on it."""

    post_id: str
    comment_id: str | None
    user_id: str


class PostRevisionRecord(msgspec.Struct, frozen=True):
    """A former text of a post, and when it became the text."""

    id: str
    content: str
    written_at: datetime


class BookmarkRecord(msgspec.Struct, frozen=True):
    """A bookmark, with the author and visibility of its post."""

    id: str
    post_id: str
    created_at: datetime
    author_id: str
    visibility: str


class EditOutcome(Enum):
    DONE = "done"
    IS_REPOST = "is a repost"
    MISSING = "missing"
    TOO_LATE = "too late"
    TOO_OFTEN = "too often"


class PostKey(msgspec.Struct, frozen=True, gc=False):
    """A post in a timeline, ordered by (created_us, id). `created_us` is microseconds since the epoch."""

    created_us: int
    id: str
    author_id: str


class PostStore(Protocol):
    """Posts. Counts equal the counted rows at every commit.

    Reads leave out hidden posts, and reposts of hidden posts, except `find_hidden`. A repeated idempotency
    key returns the first result.
    """

    async def create(self, new: NewPostRecord, idempotency_key: IdempotencyKey | None) -> str:
        """Create a post or quote and return its id.

        Raises:
            Missing: there is no such post to quote, or it is hidden or a repost.
            Conflict: `idempotency_keys`: the key was used for another request.
        """

    async def find(self, ids: Sequence[str], viewer_id: str) -> list[PostRecord]:
        """Return those of the posts that exist, in no particular order."""

    async def find_hidden(self, post_id: str, viewer_id: str) -> PostRecord | None:
        """Return a post that moderators have hidden. The caller checks who may see it."""

    async def by_author(
        self,
        author_id: str,
        before: PageKey | None,
        viewer_id: str,
        visibilities: Sequence[str],
        limit: int,
        *,
        with_reposts: bool = True,
    ) -> list[PostRecord]:
        """Return an author's posts with one of these visibilities, newest first."""

    async def by_tag(
        self,
        tag_key: str,
        before: PageKey | None,
        viewer_id: str,
        excluded_user_ids: Sequence[str],
        limit: int,
    ) -> list[PostRecord]:
        """Return posts with a tag, newest first, without those of the excluded users."""

    async def owners(self, post_ids: Sequence[str]) -> Mapping[str, PostOwner]:
        """Return by id what decides who can see the posts that exist. One round trip.

        Only reposts have an `original`, quotes do not.
        """

    async def delete(self, post_id: str, author_id: str) -> bool:
        """Delete an author's post with its reposts, in several steps if these are many.

        Returns whether there was such a post. After an error some reposts may have been deleted.
        """

    async def set_hidden(self, post_id: str, *, hidden: bool) -> bool:
        """Hide or restore a post. Idempotent. Returns whether it exists."""

    async def remove_user(self, user_id: str) -> None:
        """Delete all rows of a deleted user. Idempotent.

        Once the user cache has the user as deleted, writes of the user raise `Conflict`: `users_deleted`.
        """


class PostEditStore(Protocol):
    """Edits of posts, and the texts that they replaced."""

    async def edit(self, post_id: str, author_id: str, change: PostChange) -> EditOutcome:
        """Replace the text of an author's post and keep the former one. The same text changes nothing.

        `MISSING`: the author has no such post, or moderators have hidden it. `TOO_LATE`: it is older than the
        time in which it can be edited, by the clock of the database. `TOO_OFTEN`: it has as many former
        texts as are kept.
        """

    async def revisions(
        self, post_id: str, before: PageKey | None, limit: int
    ) -> Sequence[PostRevisionRecord]:
        """Return the former texts, newest first."""


class RepostStore(Protocol):
    """Reposts: posts without a text that show another post, which is no repost. A quote is no repost."""

    async def repost(self, post_id: str, user_id: str, idempotency_key: IdempotencyKey | None) -> str:
        """Return the id of the user's repost, which is created if there is none.

        Raises:
            Missing: there is no such post, or it is hidden or a repost.
            Conflict: `idempotency_keys`: the key was used for another request.
        """

    async def remove(self, post_id: str, user_id: str) -> bool:
        """Delete the user's repost of a post, or of the original of this repost.

        Returns whether there was one.
        """

    async def reposts_among(self, ids: Sequence[str]) -> set[str]:
        """Return those of the reposts and quotes that exist, of posts that exist, if neither is hidden."""


class BookmarkStore(Protocol):
    """Bookmarks of posts."""

    async def add(self, post_id: str, user_id: str) -> bool:
        """Add a bookmark. Returns whether it is new. Raises `Missing`: no such post."""

    async def count_others(self, user_id: str, post_id: str, limit: int) -> int:
        """Count a user's bookmarks of other posts, at most to `limit`."""

    async def remove(self, post_id: str, user_id: str) -> bool: ...

    async def page(
        self, user_id: str, before: PageKey | None, excluded_user_ids: Sequence[str], limit: int
    ) -> list[BookmarkRecord]:
        """Return bookmarks of posts that are not hidden and not by excluded authors, newest first."""
