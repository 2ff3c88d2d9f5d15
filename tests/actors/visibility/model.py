"""Naive model of who can see which posts and comments, the reference for the property test."""

from dataclasses import dataclass
from typing import TypeVar

Pair = tuple[str, str]
Key = TypeVar("Key")


@dataclass(frozen=True)
class ModelPost:
    """`original_id` is set for reposts and quotes; `mentioned` are the users in the text."""

    author: str
    visibility: str = "public"
    original_id: str | None = None
    is_repost: bool = False
    mentioned: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ModelComment:
    author: str
    post_id: str
    parent_id: str | None = None


class VisibilityModel:
    """Relations are pairs of user ids: who acts, and on whom. Likes and bookmarks are (user, post) pairs."""

    def __init__(self) -> None:
        self.follows: set[Pair] = set()
        self.requests: set[Pair] = set()
        self.blocks: set[Pair] = set()
        self.post_mutes: set[Pair] = set()
        self.notification_mutes: set[Pair] = set()
        self.private: set[str] = set()
        self.posts: dict[str, ModelPost] = {}
        """The oldest first."""
        self.comments: dict[str, ModelComment] = {}
        self.hidden: set[str] = set()
        """Posts and comments that moderators have hidden."""
        self.likes: set[Pair] = set()
        self.comment_likes: set[Pair] = set()
        self.bookmarks: set[Pair] = set()

    # --- the rules

    def is_blocked(self, one: str, other: str) -> bool:
        return (one, other) in self.blocks or (other, one) in self.blocks

    def can_see_posts_of(self, viewer: str, author: str, visibility: str = "public") -> bool:
        if viewer == author or (viewer, author) in self.follows:
            return True
        return visibility == "public" and author not in self.private and not self.is_blocked(viewer, author)

    def can_see(self, viewer: str, post_id: str) -> bool:
        post = self.posts[post_id]
        if post_id in self.hidden or (post.is_repost and not self.can_see_original(viewer, post)):
            return False
        return self.can_see_posts_of(viewer, post.author, post.visibility)

    def can_see_original(self, viewer: str, post: ModelPost) -> bool:
        """Whether the viewer can see the post that this one is about. False if there is none."""
        return post.original_id in self.posts and self.can_see(viewer, post.original_id)

    def can_see_hidden(self, viewer: str, post_id: str) -> bool:
        """Authors see their hidden posts, one by one."""
        post = self.posts[post_id]
        return (
            post_id in self.hidden
            and viewer == post.author
            and (not post.is_repost or self.can_see_original(viewer, post))
        )

    def can_see_comment(self, viewer: str, comment_id: str, *, listed: bool) -> bool:
        """`listed`: in the list of comments, authors also see their hidden ones and the replies to these."""
        comment = self.comments[comment_id]
        parents = [] if comment.parent_id is None else [comment.parent_id]
        return self.can_see(viewer, comment.post_id) and all(
            not self.is_blocked(viewer, self.comments[one].author)
            and (one not in self.hidden or (listed and self.comments[one].author == viewer))
            for one in (comment_id, *parents)
        )

    # --- what is derived

    def visible(self, viewer: str) -> set[str]:
        return {post_id for post_id in self.posts if self.can_see(viewer, post_id)}

    def target(self, post_id: str) -> str:
        """Return the post that reactions are about."""
        post = self.posts[post_id]
        return post.original_id if post.is_repost and post.original_id else post_id

    def counts(self, post_id: str) -> tuple[int, int, int]:
        """Return the numbers of likes, comments and reposts: the same for every viewer."""
        return (
            sum(liked == post_id for _, liked in self.likes),
            sum(
                comment.post_id == post_id and not {comment_id, comment.parent_id} & self.hidden
                for comment_id, comment in self.comments.items()
            ),
            sum(
                post.original_id == post_id and post.visibility == "public" and other_id not in self.hidden
                for other_id, post in self.posts.items()
            ),
        )

    def has_reposted(self, user: str, post_id: str) -> bool:
        return any(
            post.is_repost and post.original_id == post_id and post.author == user
            for post in self.posts.values()
        )

    # --- changes

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

    def delete_post(self, post_id: str) -> None:
        """With its reposts, comments, likes and bookmarks. Quotes stay."""
        for other_id, post in list(self.posts.items()):
            if other_id == post_id or (post.is_repost and post.original_id == post_id):
                del self.posts[other_id]
        self.likes = {pair for pair in self.likes if pair[1] != post_id}
        self.bookmarks = {pair for pair in self.bookmarks if pair[1] != post_id}
        self.comments = {
            comment_id: comment for comment_id, comment in self.comments.items() if comment.post_id != post_id
        }
        self.comment_likes = {pair for pair in self.comment_likes if pair[1] in self.comments}
