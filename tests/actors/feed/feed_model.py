"""Naive in-memory model of home feeds, the reference for the property test."""

import uuid
from collections.abc import Iterable

Pair = tuple[str, str]
Key = tuple[int, str]


class FeedModel:
    """`posts` maps the id of each visible post to its creation time and author, `tags` to its tag.

    `followed_tags` are (user, tag), `originals` the posts that reposts are of.
    """

    def __init__(self, user_count: int) -> None:
        self.user_ids = [str(uuid.uuid4()) for _ in range(user_count)]
        self.posts: dict[str, tuple[int, str]] = {}
        self.hidden: dict[str, tuple[int, str]] = {}
        self.follows: set[Pair] = set()
        self.blocks: set[Pair] = set()
        self.mutes: set[Pair] = set()
        self.tags: dict[str, str] = {}
        self.followed_tags: set[Pair] = set()
        self.originals: dict[str, str] = {}

    def is_blocked(self, user_id: str, other_id: str) -> bool:
        return (user_id, other_id) in self.blocks or (other_id, user_id) in self.blocks

    def block(self, user_id: str, other_id: str) -> None:
        self.blocks.add((user_id, other_id))
        self.follows -= {(user_id, other_id), (other_id, user_id)}

    def hide(self, post_id: str) -> None:
        self.hidden[post_id] = self.posts.pop(post_id)

    def unhide(self, post_id: str) -> None:
        self.posts[post_id] = self.hidden.pop(post_id)

    def delete(self, post_id: str) -> None:
        for gone in [post_id, *(one for one, original in self.originals.items() if original == post_id)]:
            self.posts.pop(gone, None)
            self.hidden.pop(gone, None)

    def feed(self, user_id: str) -> list[str]:
        """Return the ids of a user's feed, newest first."""
        return self.sort_posts(
            post_id
            for post_id, (_, author_id) in self.posts.items()
            if (
                author_id == user_id
                or (self._is_wanted(user_id, author_id) and self._follows_any(user_id, author_id, post_id))
            )
            and self._is_original_wanted(user_id, post_id)
        )

    def public(self, user_id: str) -> list[str]:
        """Return the ids of the public timeline as a user sees it, newest first."""
        return self.sort_posts(
            post_id
            for post_id, (_, author_id) in self.posts.items()
            if self._is_wanted(user_id, author_id) and post_id not in self.originals
        )

    def _is_original_wanted(self, user_id: str, post_id: str) -> bool:
        if post_id not in self.originals:
            return True
        original = self.posts.get(self.originals[post_id])
        return original is not None and self._is_wanted(user_id, original[1])

    def _is_wanted(self, user_id: str, author_id: str) -> bool:
        return (user_id, author_id) not in self.mutes and not self.is_blocked(user_id, author_id)

    def _follows_any(self, user_id: str, author_id: str, post_id: str) -> bool:
        return (user_id, author_id) in self.follows or (
            user_id,
            self.tags.get(post_id, ""),
        ) in self.followed_tags

    def own_posts(self, user_id: str) -> list[str]:
        return [user_id for user_id in self.feed(user_id) if self.posts[user_id][1] == user_id]

    def sort_posts(self, post_ids: Iterable[str]) -> list[str]:
        """Return the visible posts among `post_ids`, newest first, without duplicates."""
        return [
            user_id
            for _, user_id in sorted(
                ((self.posts[user_id][0], user_id) for user_id in set(post_ids)), reverse=True
            )
        ]
