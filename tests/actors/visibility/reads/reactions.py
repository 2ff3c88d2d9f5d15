"""Reads of what belongs to a post: who likes it, its comments, and who likes these."""

from collections.abc import Sequence

from tests.actors.visibility.reads.requests import read_each, read_existing
from tests.actors.visibility.world import World


async def read_likes(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        page = await world.setup.reactions.page_likes(viewer, post_id, None, 100)
        return [f"{post_id} ", *(f"{post_id} {user.id}" for user in page.items)]

    return await read_existing(world, read)


def likes_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        f"{post_id} {user}"
        for post_id in world.sample & model.visible(viewer)
        for user in ("", *(user for user, liked in model.likes if liked == model.target(post_id)))
        if not model.is_blocked(viewer, user)
    ]


async def read_counts(world: World, viewer: str) -> list[str]:
    """Return what a watcher of the sampled posts would get."""
    pairs = [(viewer, post_id) for post_id in world.model.posts if post_id in world.sample]
    return [
        f"{counts.post_id} {(counts.like_count, counts.comment_count, counts.repost_count)}"
        for counts in (await world.setup.post_counts.load(pairs)).values()
    ]


def counts_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [f"{post_id} {model.counts(post_id)}" for post_id in world.sample & model.visible(viewer)]


async def read_comments(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        page = await world.setup.reactions.page_comments(viewer, post_id, None, 100)
        return [f"{post_id} {one.id} {one.like_count} {one.liked_by_me}" for one in page.items]

    return await read_existing(world, read)


def comments_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        f"{post_id} {comment_id} {sum(liked == comment_id for _, liked in model.comment_likes)}"
        f" {(viewer, comment_id) in model.comment_likes}"
        for post_id in world.sample & model.visible(viewer)
        for comment_id, comment in model.comments.items()
        if comment.post_id == model.target(post_id) and model.can_see_comment(viewer, comment_id, listed=True)
    ]


async def read_comment_likes(world: World, viewer: str) -> list[str]:
    """Return who likes each comment; a comment that cannot be read alone must not exist."""

    async def read(comment_id: str) -> list[str]:
        page = await world.setup.comment_likes.page(viewer, comment_id, None, 100)
        return [f"{comment_id} ", *(f"{comment_id} {user.id}" for user in page.items)]

    return await read_each(world.sample & world.model.comments.keys(), read, "comment.not_found")


def comment_likes_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        f"{comment_id} {user}"
        for comment_id in world.sample & model.comments.keys()
        if model.can_see_comment(viewer, comment_id, listed=False)
        for user in ("", *(user for user, liked in model.comment_likes if liked == comment_id))
        if not model.is_blocked(viewer, user)
    ]
