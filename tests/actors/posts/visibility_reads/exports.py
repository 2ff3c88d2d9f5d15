"""Reads of a user's export: what the user wrote and did."""

import asyncio

from tests.actors.posts.visibility_world import World

EXPORTED = {
    "posts": "id",
    "comments": "id",
    "likes": "post_id",
    "bookmarks": "post_id",
    "comment_likes": "comment_id",
}


async def read_export(world: World, viewer: str) -> list[str]:
    """Return what of the world is in the viewer's export."""
    parts = await asyncio.gather(*(world.setup.read_export(part, viewer) for part in EXPORTED))
    return [
        f"{part} {row[column]}"
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
    return [f"{part} {one}" for part, ids in own.items() for one in ids]
