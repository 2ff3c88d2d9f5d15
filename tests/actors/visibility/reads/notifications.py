"""Reads of notifications: the list, the unread count, and the export."""

import asyncio

from actors.protocol.notification_objects import TYPES_ABOUT_POSTS
from tests.actors.visibility.world import World


async def read_notifications(world: World, viewer: str) -> list[str]:
    """Return the posts whose mentions the viewer was notified of, without posts that were hidden.

    Followed by notifications that the viewer must not see: of blocked users, or about posts not visible.
    """
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=False)
    mentions = [
        item.reference_id or ""
        for item in page.items
        if item.type.value == "MENTION" and item.reference_id not in world.ever_hidden
        if item.reference_id not in world.model.posts
        or viewer in world.model.posts[item.reference_id].mentioned
    ]
    blocked = {user for user in world.users if world.model.is_blocked(viewer, user)}
    wrong = [
        f"{item.type.value} {item.message}"
        for item in page.items
        if (item.sender and item.sender.id in blocked)
        or (item.type in TYPES_ABOUT_POSTS and item.reference_id not in world.model.visible(viewer))
    ]
    return mentions + wrong


def mentions_of_model(world: World, viewer: str) -> set[str]:
    mentioned = {post_id for user, post_id in world.mentions if user == viewer}
    return (mentioned & world.model.visible(viewer)) - world.ever_hidden


async def read_about_events(world: World, viewer: str) -> list[str]:
    """Return the events that the viewer was invited to or reminded of.

    Without those of which some notifications were withdrawn. Followed by notifications about events that the
    viewer must not see, or that were deleted. Only that an event was cancelled stays.
    """
    page = await world.setup.notifications.page(viewer, None, 100, unread_only=False)
    events = world.events
    about = [item for item in page.items if item.reference_id in events.titles]
    kept = [
        f"{item.type.value} {item.reference_id}"
        for item in about
        if item.type.value in {"EVENT_INVITE", "EVENT_REMINDER"}
        if item.reference_id in events.model.events and (viewer, item.reference_id) not in events.withdrawn
    ]
    visible = {one for one in events.model.events if events.model.can_read(viewer, one)}
    wrong = [
        f"{item.type.value} {item.message}"
        for item in about
        if item.reference_id not in visible
        and (item.reference_id in events.model.events or not item.message.endswith("was cancelled"))
    ]
    return kept + wrong


def about_events_of_model(world: World, viewer: str) -> list[str]:
    events = world.events
    visible = events.model.visible(viewer)
    return [
        f"{kind} {event_id}"
        for kind, notified in (("EVENT_INVITE", events.invites), ("EVENT_REMINDER", events.reminded))
        for user, event_id in notified - events.withdrawn
        if user == viewer and event_id in visible
    ]


async def read_unlisted(world: World, viewer: str) -> list[str]:
    """Return how the unread count and the export differ from the list of notifications, if they do."""
    page, unread, exported = await asyncio.gather(
        world.setup.notifications.page(viewer, None, 100, unread_only=True),
        world.setup.notifications.count_unread(viewer),
        world.setup.read_export("notifications", viewer),
    )
    listed = {item.id for item in page.items}
    differing = [f"unread count {unread}, listed {len(listed)}"] if unread != len(listed) else []
    return differing + [f"exported {row['message']}" for row in exported if row["id"] not in listed]
