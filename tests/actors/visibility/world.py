"""A random world of users, relations, posts and events, in the services and in the model.

Every change is made in both. `reads` compares what users then see. Worlds share the services and
run at the same time. The caller lets the consumers of domain events catch up after each round.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from actors.posts.bodies import NewPost, NewRepost
from actors.protocol.social_objects import PostVisibility
from storage.contracts.mutes import MuteScope
from storage.errors import Conflict
from tests.actors.visibility.event_actions import ACTIONS, ACTIONS_PER_ROUND, EVENT_CHANGES
from tests.actors.visibility.event_world import EventWorld
from tests.actors.visibility.model import ModelComment, ModelPost, VisibilityModel
from tests.actors.visibility.rsvp_actions import RSVP_ACTIONS
from tests.actors.visibility.setup import VisibilitySetup

USERS = 4
CHANGES_PER_ROUND = 20
POSTS_PER_ROUND = 4
QUOTES_PER_ROUND = 2
REACTION_SHARE = 0.25
CLOCK_TOLERANCE_S = 1.0
VISIBILITIES = ("public", "public", "followers")


@dataclass
class World:
    setup: VisibilitySetup
    seed: int
    model: VisibilityModel = field(default_factory=VisibilityModel)
    rng: random.Random = field(init=False)
    events: EventWorld = field(init=False)
    users: list[str] = field(default_factory=lambda: [str(uuid.uuid4()) for _ in range(USERS)])
    tag: str = field(default_factory=lambda: f"t{uuid.uuid4().hex}")
    """All posts but reposts have it, and the first user follows it."""
    mentions: set[tuple[str, str]] = field(default_factory=set)
    """(mentioned user, post) that have notified, and were not withdrawn."""
    ever_hidden: set[str] = field(default_factory=set)
    """Posts that moderators have hidden, also if they were restored."""
    log: list[str] = field(default_factory=list)
    page_sizes: random.Random = field(default_factory=random.Random)
    """Apart from `rng`, because reads run concurrently."""
    started_us: int = field(default_factory=lambda: int(1_000_000 * (time.time() - CLOCK_TOLERANCE_S)))
    """When the world was created."""
    sample: set[str] = field(default_factory=set)
    """Posts, comments and users that are read one by one."""
    hinted: list[str] = field(default_factory=list)
    """Posts that were pushed again, to all users."""
    hints: dict[str, list[str]] = field(default_factory=dict)
    """By user, which of these were received."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.events = EventWorld(self.setup.events, self.model)

    async def change(self) -> None:
        """Change relations, and hide, restore and delete posts and events."""
        for _ in range(CHANGES_PER_ROUND):
            change = self.rng.choice(CHANGES)
            one, other = self.rng.sample(self.users, 2)
            outcome = await change(self, one, other)
            self.log.append(f"{change.__name__} {self.label(one)} {self.label(other)} {outcome or ''}")
        self.events.finish_step()
        self.mentions = {
            (user, post_id)
            for user, post_id in self.mentions
            if post_id in self.model.posts and self.model.can_see(user, post_id)
        }

    async def write(self) -> None:
        """Create posts, quotes and reposts, reactions to them by users who see them, and events."""
        await self.setup.tag_follows.follow(self.users[0], self.tag, self.tag)
        for _ in range(POSTS_PER_ROUND):
            await self._write_post(self.rng.choice(self.users), None)
        for _ in range(QUOTES_PER_ROUND):
            for is_repost in (False, True):
                await self._write_about_another(is_repost=is_repost)
        for user in self.users:
            for post_id in self._some(self.model.visible(user)):
                await self._react(user, post_id)
        for user in self.users:
            for comment_id in self._some(self._comments_seen_by(user)):
                await self.setup.comment_likes.like(user, comment_id)
                self.model.comment_likes.add((user, comment_id))
        for _ in range(ACTIONS_PER_ROUND):
            action = self.rng.choice((*ACTIONS, *RSVP_ACTIONS))
            one, other = self.rng.sample(self.users, 2)
            if outcome := await action(self, one, other):
                self.log.append(f"{action.__name__} {self.label(one)} {self.label(other)} {outcome}")
        self.events.finish_step()

    async def _write_post(self, author: str, original_id: str | None) -> None:
        """With `original_id`, a quote of it."""
        mentioned, visibility = self.rng.choice(self.users), self.rng.choice(VISIBILITIES)
        text = f"#{self.tag} @{mentioned.replace('-', '')}"
        event_id = self.rng.choice([None, None, *self.events.model.visible(author)])
        if original_id is None:
            new = NewPost(text, event_id, PostVisibility(visibility))
            post = await self.setup.posts.create(author, new, None)
        else:
            quote = NewRepost(text, PostVisibility(visibility))
            post = await self.setup.reposts.create(author, original_id, quote, None)
        self.model.posts[post.id] = ModelPost(
            author, visibility, original_id, mentioned=frozenset((mentioned,))
        )
        self.log.append(
            f"post {self.label(author)} {visibility} {post.id[:4]} @{self.label(mentioned)}"
            + (f" quotes {original_id[:4]}" if original_id else "")
        )
        if (
            mentioned != author
            and self.model.can_see(mentioned, post.id)
            and (mentioned, author) not in self.model.notification_mutes
        ):
            self.mentions.add((mentioned, post.id))

    async def _write_about_another(self, *, is_repost: bool) -> None:
        """Repost or quote a post that everyone can see."""
        author, model = self.rng.choice(self.users), self.model
        originals = [
            post_id
            for post_id, post in model.posts.items()
            if not post.is_repost and model.can_see(author, post_id)
            if post.visibility == "public" and post.author not in model.private
        ]
        if not originals:
            return
        original_id = self.rng.choice(originals)
        if not is_repost:
            await self._write_post(author, original_id)
            return
        repost = await self.setup.reposts.create(author, original_id, NewRepost(), None)
        model.posts.setdefault(repost.id, ModelPost(author, "public", original_id, is_repost=True))
        self.log.append(f"repost {self.label(author)} {repost.id[:4]} of {original_id[:4]}")

    async def _react(self, user: str, post_id: str) -> None:
        """Like, bookmark and comment on a post, or reply to a comment on it."""
        target_id = self.model.target(post_id)
        parents = [
            comment_id
            for comment_id in self._comments_seen_by(user)
            if self.model.comments[comment_id].post_id == target_id
        ]
        parent_id = self.rng.choice([None, *parents])
        # Users who are mentioned in the post as well would get one notification of both.
        mentioned = self.rng.choice(self.users)
        text = (
            "hello"
            if mentioned in self.model.posts[target_id].mentioned
            else f"@{mentioned.replace('-', '')}"
        )
        comment, _, _ = await asyncio.gather(
            self.setup.reactions.create_comment(user, post_id, text, parent_id, None),
            self.setup.reactions.like(user, post_id),
            self.setup.bookmarks.add(user, post_id),
        )
        root_id = None if parent_id is None else self.model.comments[parent_id].parent_id or parent_id
        assert comment.parent_id == root_id
        self.model.comments[comment.id] = ModelComment(user, target_id, root_id)
        self.model.likes.add((user, target_id))
        self.model.bookmarks.add((user, target_id))

    def _comments_seen_by(self, user: str) -> list[str]:
        return [one for one in self.model.comments if self.model.can_see_comment(user, one, listed=False)]

    def _some(self, ids: Sequence[str] | set[str]) -> list[str]:
        """Choose some of the posts or comments, in the order in which they were written."""
        order = [*self.model.posts, *self.model.comments]
        return [one for one in order if one in ids and self.rng.random() < REACTION_SHARE]

    def label(self, user: str) -> str:
        return "ABCDE"[self.users.index(user)]


# --- changes


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
    world.events.withdraw_invites_between(one, other)
    # A block withdraws for ever what the two have notified each other of.
    world.mentions = {
        (user, post_id)
        for user, post_id in world.mentions
        if post_id in world.model.posts and {user, world.model.posts[post_id].author} != {one, other}
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


async def hide_post(world: World, _one: str, _other: str) -> None:
    if world.model.posts:
        post_id = world.rng.choice(list(world.model.posts))
        assert await world.setup.post_contents.set_hidden(post_id, hidden=True)
        world.model.hidden.add(post_id)
        world.ever_hidden.add(post_id)


async def hide_comment(world: World, _one: str, _other: str) -> None:
    if world.model.comments:
        comment_id = world.rng.choice(list(world.model.comments))
        assert await world.setup.comment_contents.set_hidden(comment_id, hidden=True)
        world.model.hidden.add(comment_id)


async def restore(world: World, _one: str, _other: str) -> None:
    for hidden_id in [
        one for one in (*world.model.posts, *world.model.comments) if one in world.model.hidden
    ]:
        contents = (
            world.setup.post_contents if hidden_id in world.model.posts else world.setup.comment_contents
        )
        assert await contents.set_hidden(hidden_id, hidden=False)
        world.model.hidden.discard(hidden_id)
        return


async def delete_post(world: World, one: str, _other: str) -> None:
    own = [post_id for post_id, post in world.model.posts.items() if post.author == one]
    if own and world.rng.random() < 0.3:
        post_id = world.rng.choice(own)
        await world.setup.posts.delete(one, post_id)
        world.model.delete_post(post_id)


CHANGES = (
    *(follow, follow, follow, follow, follow, unfollow, accept, accept),
    *(block, unblock, unblock, mute, unmute, make_private, make_private, make_public),
    *(hide_post, hide_comment, restore, delete_post),
    *EVENT_CHANGES,
)
