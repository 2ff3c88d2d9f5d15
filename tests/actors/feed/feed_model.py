"""Naive in-memory model of home feeds, the reference for the property test."""

import uuid
from collections.abc import Iterable

Pair = tuple[str, str]
Key = tuple[int, str]


class FeedModel:
    """`posts` maps the id of each visible post to its creation time and author."""

    def __init__(self, user_count: int) -> None:
        self.user_ids = [str(uuid.uuid4()) for _ in range(user_count)]
        self.posts: dict[str, tuple[int, str]] = {}
        self.hidden: dict[str, tuple[int, str]] = {}
        self.follows: set[Pair] = set()
        self.blocks: set[Pair] = set()

    def is_blocked(self, user_id: str, other_id: str) -> bool:
        return (user_id, other_id) in self.blocks or (other_id, user_id) in self.blocks

    def block(self, user_id: str, other_id: str) -> None:
        self.blocks.add((user_id, other_id))
        self.follows -= {(user_id, other_id), (other_id, user_id)}

    def hide(self, post_id: str) -> None:
        self.hidden[post_id] = self.posts.pop(post_id)

    def unhide(self, post_id: str) -> None:
        self.posts[post_id] = self.hidden.pop(post_id)

    def feed(self, user_id: str) -> list[str]:
        """Return the ids of a user's feed, newest first."""
        shown = (
            (created_us, post_id)
            for post_id, (created_us, author_id) in self.posts.items()
            if author_id == user_id or ((user_id, author_id) in self.follows)
        )
        return [post_id for _, post_id in sorted(shown, reverse=True)]

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
