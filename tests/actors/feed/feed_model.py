"""What a home feed has to show, worked out naively from everything that was done. It never asks a store."""

import uuid
from collections.abc import Iterable

Pair = tuple[str, str]
Key = tuple[int, str]


class FeedModel:
    """`posts` are those that stand, by id: when they were made and by whom."""

    def __init__(self, user_count: int) -> None:
        self.user_ids = [str(uuid.uuid4()) for _ in range(user_count)]
        self.posts: dict[str, tuple[int, str]] = {}
        self.hidden: dict[str, tuple[int, str]] = {}
        self.follows: set[Pair] = set()
        self.blocks: set[Pair] = set()

    def is_blocked(self, user_id: str, other_id: str) -> bool:
        return (user_id, other_id) in self.blocks or (other_id, user_id) in self.blocks

    def block(self, one: str, other: str) -> None:
        self.blocks.add((one, other))
        self.follows -= {(one, other), (other, one)}

    def hide(self, post_id: str) -> None:
        self.hidden[post_id] = self.posts.pop(post_id)

    def unhide(self, post_id: str) -> None:
        self.posts[post_id] = self.hidden.pop(post_id)

    def feed(self, user_id: str) -> list[str]:
        """The newest first."""
        shown = (
            (created_us, post_id)
            for post_id, (created_us, author_id) in self.posts.items()
            if author_id == user_id or ((user_id, author_id) in self.follows)
        )
        return [post_id for _, post_id in sorted(shown, reverse=True)]

    def own_posts(self, user_id: str) -> list[str]:
        return [one for one in self.feed(user_id) if self.posts[one][1] == user_id]

    def sort_posts(self, post_ids: Iterable[str]) -> list[str]:
        """Posts that stand, newest first, each once."""
        return [one for _, one in sorted(((self.posts[one][0], one) for one in set(post_ids)), reverse=True)]
