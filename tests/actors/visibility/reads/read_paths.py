"""The read paths of posts, events and users, compared with the model for every viewer of a world.

A new read path of posts or events needs an entry in `READ_PATHS`: how to read what a viewer sees, and what
the model expects. Both are compared without their order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from tests.actors.visibility.reads import events, exports, notifications, post_lists, posts, reactions, users
from tests.actors.visibility.world import World

Rows = Sequence[str] | AbstractSet[str]
SAMPLE_SIZE = 6


@dataclass(frozen=True)
class ReadPath:
    """With `once`, what is read is the same for every viewer."""

    read: Callable[[World, str], Awaitable[Rows]]
    expect: Callable[[World, str], Rows]
    once: bool = False


async def check(world: World) -> None:
    """Compare every read path with the model, for every viewer."""
    world.sample = {
        *sample(world, list(world.model.posts)),
        *sample(world, list(world.model.comments)),
        *world.page_sizes.sample(world.users, 2),
    }
    world.hinted = sample(world, list(world.model.posts))
    world.hints = await world.setup.publish_hints(world.hinted, world.users)
    views = [
        (viewer, name, path)
        for viewer in world.users
        for name, path in READ_PATHS.items()
        if not path.once or viewer == world.users[0]
    ]

    async def read(viewer: str, path: ReadPath) -> Rows:
        async with world.setup.read_slots:
            return await path.read(world, viewer)

    found = await asyncio.gather(*(read(viewer, path) for viewer, _, path in views))
    for (viewer, name, path), rows in zip(views, found, strict=True):
        expected = path.expect(world, viewer)
        differences = (
            f"shown {sorted(set(rows) - set(expected))}, missing {sorted(set(expected) - set(rows))}"
        )
        assert sorted(rows) == sorted(expected), f"{name} of {world.label(viewer)}: {differences}"


def sample(world: World, ids: Sequence[str]) -> list[str]:
    """Choose some ids: reading each one by one would take most of the time."""
    return world.page_sizes.sample(ids, min(SAMPLE_SIZE, len(ids)))


READ_PATHS = {
    "posts": ReadPath(posts.read_posts, posts.posts_of_model),
    "profiles": ReadPath(posts.read_profiles, posts.profiles_of_model),
    "histories": ReadPath(
        posts.read_history, lambda world, viewer: world.sample & world.model.visible(viewer)
    ),
    "likes": ReadPath(reactions.read_likes, reactions.likes_of_model),
    "watched counts": ReadPath(reactions.read_counts, reactions.counts_of_model),
    "comments": ReadPath(reactions.read_comments, reactions.comments_of_model),
    "likes of comments": ReadPath(reactions.read_comment_likes, reactions.comment_likes_of_model),
    "the tag": ReadPath(post_lists.read_tag, post_lists.tagged),
    "the feed": ReadPath(post_lists.read_feed, post_lists.feed_of_model),
    "the public timeline": ReadPath(post_lists.read_public, post_lists.public_of_model),
    "Atom feeds": ReadPath(post_lists.read_atom_feeds, post_lists.atom_of_model, once=True),
    "bookmarks": ReadPath(post_lists.read_bookmarks, post_lists.bookmarks_of_model),
    "hints": ReadPath(post_lists.read_hints, post_lists.hints_of_model),
    "events": ReadPath(events.read_events, events.events_of_model),
    "lists of events": ReadPath(events.read_event_lists, events.event_lists_of_model),
    "guests": ReadPath(events.read_guests, events.guests_of_model),
    "own RSVPs": ReadPath(events.read_own_rsvps, events.own_rsvps_of_model),
    "calendars": ReadPath(events.read_calendars, events.calendars_of_model),
    "updates of events": ReadPath(events.read_updates, events.updates_of_model),
    "notifications about events": ReadPath(
        notifications.read_about_events, notifications.about_events_of_model
    ),
    "notifications": ReadPath(notifications.read_notifications, notifications.mentions_of_model),
    "unlisted notifications": ReadPath(notifications.read_unlisted, lambda _world, _viewer: ()),
    "people": ReadPath(users.read_people, users.people_of_model),
    "own lists": ReadPath(users.read_own_lists, users.own_lists_of_model),
    "wrong suggestions": ReadPath(users.read_wrong_suggestions, lambda _world, _viewer: ()),
    "the export": ReadPath(exports.read_export, exports.export_of_model),
}
