"""Naive model of who can see which posts, the reference for the property test."""

Pair = tuple[str, str]


class VisibilityModel:
    """Relations are pairs of user ids: who acts, and on whom. `posts` maps ids to author and visibility."""

    def __init__(self) -> None:
        self.follows: set[Pair] = set()
        self.requests: set[Pair] = set()
        self.blocks: set[Pair] = set()
        self.post_mutes: set[Pair] = set()
        self.notification_mutes: set[Pair] = set()
        self.private: set[str] = set()
        self.posts: dict[str, Pair] = {}

    def is_blocked(self, one: str, other: str) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def can_see(self, viewer: str, post_id: str) -> bool:
        author, visibility = self.posts[post_id]
        if viewer == author or (viewer, author) in self.follows:
            return True
        return visibility == "public" and author not in self.private and not self.is_blocked(viewer, author)

    def visible(self, viewer: str) -> set[str]:
        return {post_id for post_id in self.posts if self.can_see(viewer, post_id)}

    def follow(self, one: str, other: str) -> None:
        if not self.is_blocked(one, other) and (one, other) not in self.follows:
            (self.requests if other in self.private else self.follows).add((one, other))

    def unfollow(self, one: str, other: str) -> None:
        self.follows.discard((one, other))
        self.requests.discard((one, other))

    def accept(self, one: str, requester: str) -> None:
        if (requester, one) in self.requests:
            self.requests.discard((requester, one))
            self.follows.add((requester, one))

    def block(self, one: str, other: str) -> None:
        self.blocks.add((one, other))
        for pair in ((one, other), (other, one)):
            self.unfollow(*pair)

    def set_private(self, user: str, *, private: bool) -> None:
        self.private.discard(user)
        if private:
            self.private.add(user)
        else:
            for requester, requested in list(self.requests):
                if requested == user:
                    self.accept(user, requester)
