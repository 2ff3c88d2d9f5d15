"""A random world of users, relations and posts, in the services and in the model, and the reads of it.

A new read path of posts needs an entry in `READ_PATHS`: how to read the ids that a viewer sees, and which ids
the model expects.
"""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from actors.pagination import KeysetPage
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Post
from storage.contracts.mutes import MuteScope
from storage.contracts.paging import PageKey
from storage.errors import Conflict
from tests.actors.posts.visibility_model import VisibilityModel
from tests.actors.posts.visibility_setup import VisibilitySetup

USERS = 5
CHANGES_PER_ROUND = 14
POSTS_PER_ROUND = 5
VISIBILITIES = ("public", "public", "followers")


@dataclass
class World:
    setup: VisibilitySetup
    rng: random.Random
    model: VisibilityModel = field(default_factory=VisibilityModel)
    users: list[str] = field(default_factory=lambda: [str(uuid.uuid4()) for _ in range(USERS)])
    tag: str = field(default_factory=lambda: f"t{uuid.uuid4().hex}")
    comments: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Comment id -> author and post."""
    likes: set[tuple[str, str]] = field(default_factory=set)
    bookmarks: set[tuple[str, str]] = field(default_factory=set)
    mentions: set[tuple[str, str]] = field(default_factory=set)
    """(mentioned user, post) that have notified, and were not withdrawn."""
    log: list[str] = field(default_factory=list)
    page_sizes: random.Random = field(default_factory=random.Random)
    """Apart from `rng`, because reads run concurrently."""

    async def change_relations(self) -> None:
        for _ in range(CHANGES_PER_ROUND):
            change = self.rng.choice(CHANGES)
            one, other = self.rng.sample(self.users, 2)
            await change(self, one, other)
            self.log.append(f"{change.__name__} {self.label(one)} {self.label(other)}")
        await self.setup.catch_up()
        self.mentions -= {
            (user, post_id) for user, post_id in self.mentions if not self.model.can_see(user, post_id)
        }

    async def write_posts(self) -> None:
        """Create posts with tags and mentions, and comments, likes and bookmarks of those who see them."""
        for _ in range(POSTS_PER_ROUND):
            author, mentioned = self.rng.choice(self.users), self.rng.choice(self.users)
            visibility = self.rng.choice(VISIBILITIES)
            text = f"#{self.tag} @{mentioned.replace('-', '')}"
            await self.setup.tag_follows.follow(self.users[0], self.tag, self.tag)
            post = await self.setup.posts.create(author, text, None, None, visibility)
            self.model.posts[post.id] = author, visibility
            self.log.append(f"post {self.label(author)} {visibility} {post.id[:4]} @{self.label(mentioned)}")
            if (
                mentioned != author
                and self.model.can_see(mentioned, post.id)
                and (mentioned, author) not in self.model.notification_mutes
            ):
                self.mentions.add((mentioned, post.id))
        for user in self.users:
            for post_id in sorted(self.model.visible(user)):
                if self.rng.random() < 0.3:
                    await self._react(user, post_id)
        await self.setup.catch_up()

    async def _react(self, user: str, post_id: str) -> None:
        comment = await self.setup.reactions.create_comment(user, post_id, "a comment", None, None)
        self.comments[comment.id] = user, post_id
        await self.setup.reactions.like(user, post_id)
        self.likes.add((user, post_id))
        await self.setup.bookmarks.add(user, post_id)
        self.bookmarks.add((user, post_id))

    async def check(self) -> None:
        """Compare every read path with the model, for every viewer."""
        views = [(viewer, name, path) for viewer in self.users for name, path in READ_PATHS.items()]
        found = await asyncio.gather(*(path.read(self, viewer) for viewer, _, path in views))
        for (viewer, name, path), ids in zip(views, found, strict=True):
            assert sorted(ids) == sorted(path.expect(self, viewer)), f"{name} of {self.label(viewer)}"

    async def posts_of_requests(self, request: Callable[[str], Awaitable[object]]) -> list[str]:
        """Return the posts for which a request succeeds; the others must not exist."""

        async def exists(post_id: str) -> bool:
            try:
                await request(post_id)
            except ApiError as error:
                assert error.code == "post.not_found", error  # noqa: PT017 - the outcome of the request
                return False
            return True

        outcomes = await asyncio.gather(*map(exists, self.model.posts))
        return [post_id for post_id, found in zip(self.model.posts, outcomes, strict=True) if found]

    def label(self, user: str) -> str:
        return "ABCDE"[self.users.index(user)]


# --- changes of relations


async def follow(world: World, one: str, other: str) -> None:
    if world.model.is_blocked(one, other):
        try:
            await world.setup.social.follow(one, other)
        except Conflict:
            return
        raise AssertionError("followed in spite of a block")
    await world.setup.social.follow(one, other)
    world.model.follow(one, other)


async def unfollow(world: World, one: str, other: str) -> None:
    await world.setup.social.unfollow(one, other)
    world.model.unfollow(one, other)


async def accept(world: World, one: str, other: str) -> None:
    assert await world.setup.follow_requests.accept(one, other) == ((other, one) in world.model.requests)
    world.model.accept(one, other)


async def block(world: World, one: str, other: str) -> None:
    await world.setup.social.block(one, other)
    world.model.block(one, other)
    # A block withdraws for ever what the two have notified each other of.
    world.mentions = {
        (user, post_id)
        for user, post_id in world.mentions
        if {user, world.model.posts[post_id][0]} != {one, other}
    }


async def unblock(world: World, one: str, other: str) -> None:
    await world.setup.social.unblock(one, other)
    world.model.blocks.discard((one, other))


async def mute(world: World, one: str, other: str) -> None:
    posts = world.rng.random() < 0.5
    await world.setup.mutes.mute(one, other, MuteScope(posts=posts, notifications=not posts))
    world.model.post_mutes.discard((one, other))
    world.model.notification_mutes.discard((one, other))
    (world.model.post_mutes if posts else world.model.notification_mutes).add((one, other))


async def unmute(world: World, one: str, other: str) -> None:
    await world.setup.mutes.unmute(one, other)
    world.model.post_mutes.discard((one, other))
    world.model.notification_mutes.discard((one, other))


async def make_private(world: World, one: str, _other: str) -> None:
    await world.setup.set_private(one, private=True)
    world.model.set_private(one, private=True)


async def make_public(world: World, one: str, _other: str) -> None:
    await world.setup.set_private(one, private=False)
    world.model.set_private(one, private=False)


CHANGES = (
    *(follow, follow, follow, follow, unfollow, accept, accept),
    *(block, unblock, unblock, mute, unmute, make_private, make_private, make_public),
)


# --- read paths


@dataclass(frozen=True)
class ReadPath:
    """`read` returns the ids that a viewer sees, `expect` those of the model."""

    read: Callable[[World, str], Awaitable[Sequence[str]]]
    expect: Callable[[World, str], Sequence[str] | set[str]]


async def collect(
    world: World, read_page: Callable[[PageKey | None, int], Awaitable[KeysetPage[Post]]]
) -> list[str]:
    """Return the ids of all pages, in pages of a random size."""
    limit, ids, before = world.page_sizes.randint(1, 7), [], None
    while True:
        page = await read_page(before, limit)
        ids += [item.id for item in page.items]
        if page.next_key is None:
            return ids
        before = page.next_key


def visible(world: World, viewer: str) -> set[str]:
    return world.model.visible(viewer)


def feed_of_model(world: World, viewer: str) -> set[str]:
    model = world.model
    authors = {other for one, other in model.follows if one == viewer}
    authors -= {other for one, other in model.post_mutes if one == viewer}
    followed = {post_id for post_id in model.visible(viewer) if model.posts[post_id][0] in {viewer, *authors}}
    # The first user follows the tag that all posts have.
    return followed | (public_of_model(world, viewer) if viewer == world.users[0] else set())


def public_of_model(world: World, viewer: str) -> set[str]:
    model = world.model
    return {
        post_id
        for post_id in model.visible(viewer)
        if model.posts[post_id][1] == "public" and (viewer, model.posts[post_id][0]) not in model.post_mutes
    }


def atom_of_model(world: World, _viewer: str) -> set[str]:
    model = world.model
    return {
        post_id
        for post_id, (author, visibility) in model.posts.items()
        if visibility == "public" and author not in model.private
    }


async def read_public(world: World, viewer: str) -> list[str]:
    """Return those of the world's posts that are in the public timeline."""
    ids = await collect(
        world, lambda before, limit: world.setup.public_timeline.page(viewer, before, 20 * limit)
    )
    return [post_id for post_id in ids if post_id in world.model.posts]


async def read_atom_feeds(world: World, _viewer: str) -> list[str]:
    return [
        post.id for author in world.users for post in (await world.setup.posts.list_public(author, 100))[1]
    ]


def comments_of_model(world: World, viewer: str) -> set[str]:
    return {
        comment_id
        for comment_id, (author, post_id) in world.comments.items()
        if world.model.can_see(viewer, post_id) and not world.model.is_blocked(viewer, author)
    }


def counts_of_model(world: World, viewer: str) -> set[str]:
    return {
        f"{post_id} {sum(post == post_id for _, post in world.likes)}"
        f" {sum(post == post_id for _, post in world.comments.values())}"
        for post_id in world.model.visible(viewer)
    }


async def read_profiles(world: World, viewer: str) -> list[str]:
    async def read_profile(author: str) -> list[str]:
        return await collect(
            world, lambda before, limit: world.setup.posts.page_by_author(viewer, author, before, limit)
        )

    authors = [author for author in world.users if not world.model.is_blocked(viewer, author)]
    return [post_id for author in authors for post_id in await read_profile(author)]


async def read_comments(world: World, viewer: str) -> list[str]:
    ids: list[str] = []
    for post_id in await world.posts_of_requests(lambda post_id: world.setup.posts.get(viewer, post_id)):
        page = await world.setup.reactions.page_comments(viewer, post_id, None, 100)
        ids += [comment.id for comment in page.items]
    return ids


async def read_visible_comments(world: World, viewer: str) -> list[str]:
    can_see = world.setup.reactions.can_see_comment
    return [comment_id for comment_id in world.comments if await can_see(viewer, comment_id)]


async def read_counts(world: World, viewer: str) -> list[str]:
    page = await world.setup.posts.page_by_tag(viewer, world.tag, None, 100)
    return [f"{post.id} {post.like_count} {post.comment_count}" for post in page.items]


async def read_mentions(world: World, viewer: str) -> list[str]:
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=False)
    return [item.reference_id or "" for item in page.items if item.type.value == "MENTION"]


async def read_unlisted_unread(world: World, viewer: str) -> list[str]:
    """Return by how much the unread count differs from the number of listed notifications, if it does."""
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=True)
    unread = await world.setup.notifications.count_unread(viewer)
    return [] if unread == len(page.items) else [str(unread - len(page.items))]


READ_PATHS = {
    "the post": ReadPath(
        lambda world, viewer: world.posts_of_requests(lambda post: world.setup.posts.get(viewer, post)),
        visible,
    ),
    "likes": ReadPath(
        lambda world, viewer: world.posts_of_requests(
            lambda post: world.setup.reactions.page_likes(viewer, post, None, 5)
        ),
        visible,
    ),
    "history": ReadPath(
        lambda world, viewer: world.posts_of_requests(
            lambda post: world.setup.edits.page_history(viewer, post, None, 5)
        ),
        visible,
    ),
    "comments": ReadPath(read_comments, comments_of_model),
    "single comments": ReadPath(read_visible_comments, comments_of_model),
    "profiles": ReadPath(read_profiles, visible),
    "the tag": ReadPath(
        lambda world, viewer: collect(
            world,
            lambda before, limit: world.setup.posts.page_by_tag(viewer, world.tag, before, limit),
        ),
        visible,
    ),
    "the feed": ReadPath(
        lambda world, viewer: collect(
            world,
            lambda before, limit: world.setup.feed.page(viewer, before, limit),
        ),
        feed_of_model,
    ),
    "the public timeline": ReadPath(read_public, public_of_model),
    "Atom feeds": ReadPath(read_atom_feeds, atom_of_model),
    "bookmarks": ReadPath(
        lambda world, viewer: collect(
            world,
            lambda before, limit: world.setup.bookmarks.page(viewer, before, limit),
        ),
        lambda world, viewer: (
            {post_id for user, post_id in world.bookmarks if user == viewer} & world.model.visible(viewer)
        ),
    ),
    "counts": ReadPath(read_counts, counts_of_model),
    "unread counts": ReadPath(read_unlisted_unread, lambda _world, _viewer: ()),
    "mentions": ReadPath(
        read_mentions,
        lambda world, viewer: (
            {post_id for user, post_id in world.mentions if user == viewer} & world.model.visible(viewer)
        ),
    ),
}
