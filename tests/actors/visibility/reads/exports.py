"""Reads of a user's export: what the user wrote and did."""

import asyncio

from tests.actors.visibility.event_model import GOING, ModelEvent
from tests.actors.visibility.world import World

EXPORTED = {
    "posts": "id",
    "comments": "id",
    "likes": "post_id",
    "bookmarks": "post_id",
    "comment_likes": "comment_id",
    "events": "id",
    "rsvps": "event_id",
    "waitlist": "event_id",
    "rsvp_requests": "event_id",
    "invites_received": "event_id",
    "invites_sent": "event_id",
    "hosted_events": "event_id",
}


async def read_export(world: World, viewer: str) -> list[str]:
    """Return what of the world is in the viewer's export."""
    parts = await asyncio.gather(*(world.setup.read_export(part, viewer) for part in EXPORTED))
    return [
        f"{part} {row[column]}"
        + ("" if row.get("title", "") is not None else " without a title")
        + (f" +{row['guests']}" if "guests" in row else "")
        + (f" {row['reminders'] or []}" if "reminders" in row else "")
        for (part, column), rows in zip(EXPORTED.items(), parts, strict=True)
        for row in rows
    ]


def export_of_model(world: World, viewer: str) -> list[str]:
    """What the user wrote and did, independent of who sees it."""
    model = world.model
    own = {
        "posts": [post_id for post_id, post in model.posts.items() if post.author == viewer],
        "comments": [one for one, comment in model.comments.items() if comment.author == viewer],
        "likes": [post_id for user, post_id in model.likes if user == viewer],
        "bookmarks": [post_id for user, post_id in model.bookmarks if user == viewer],
        "comment_likes": [one for user, one in model.comment_likes if user == viewer],
    }
    return [f"{part} {one}" for part, ids in own.items() for one in ids] + [
        row
        for event_id, event in world.events.model.events.items()
        for row in held_of(event_id, event, viewer, sees_it=world.events.model.can_see(viewer, event_id))
    ]


def held_of(event_id: str, event: ModelEvent, viewer: str, *, sees_it: bool) -> list[str]:
    """Return what the user holds of an event. Titles of events that the user does not see are left out."""
    guests, status = event.guests.get(viewer, 0), event.rsvps.get(viewer)
    party = guests if status == GOING else 0
    suffix = "" if sees_it else " without a title"
    answers = [
        *([f"rsvps {event_id}{suffix} +{party} {event.reminders.get(viewer, [])}"] if status else []),
        *([f"waitlist {event_id}{suffix} +{guests}"] if viewer in event.waiting else []),
        *([f"rsvp_requests {event_id}{suffix} +{guests}"] if viewer in event.requests else []),
    ]
    parts = [
        *("invites_received" for user, _ in event.invites if user == viewer),
        *("invites_sent" for _, inviter in event.invites if inviter == viewer),
        *(["hosted_events"] if viewer in event.cohosts else []),
    ]
    created = [f"events {event_id}"] if viewer == event.creator else []
    return [*answers, *(f"{part} {event_id}{suffix}" for part in parts), *created]
