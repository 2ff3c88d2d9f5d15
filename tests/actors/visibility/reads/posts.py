"""Reads of single posts, and of the posts of users, with what the viewer sees of each."""

import json
from collections.abc import Sequence

from actors.protocol.social_objects import Post
from tests.actors.visibility.reads.requests import collect, read_each, read_existing
from tests.actors.visibility.world import World


def describe(post: Post) -> str:
    """Write all that depends on what the viewer sees and did."""
    return json.dumps(
        (
            post.id,
            (post.like_count, post.comment_count, post.repost_count),
            (post.liked_by_me, post.bookmarked_by_me, post.reposted_by_me),
            sorted(user.id for user in post.mentions),
            None if post.repost_of is None else describe(post.repost_of),
        )
    )


def describe_in_model(world: World, viewer: str, post_id: str, *, is_original: bool = False) -> str:
    model, post = world.model, world.model.posts[post_id]
    has_original = not is_original and model.can_see_original(viewer, post)
    return json.dumps(
        (
            post_id,
            model.counts(post_id),
            (
                (viewer, post_id) in model.likes,
                (viewer, post_id) in model.bookmarks,
                model.has_reposted(viewer, post_id),
            ),
            sorted(user for user in post.mentioned if not model.is_blocked(viewer, user)),
            describe_in_model(world, viewer, post.original_id or "", is_original=True)
            if has_original
            else None,
        )
    )


async def read_posts(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        return [describe(await world.setup.posts.get(viewer, post_id))]

    return await read_existing(world, read)


def posts_of_model(world: World, viewer: str) -> list[str]:
    model = world.model
    return [
        describe_in_model(world, viewer, post_id)
        for post_id in world.sample & model.posts.keys()
        if model.can_see(viewer, post_id) or model.can_see_hidden(viewer, post_id)
    ]


async def read_profiles(world: World, viewer: str) -> list[str]:
    async def read_profile(author: str) -> list[str]:
        page = world.setup.posts.page_by_author
        return [
            describe(post)
            for post in await collect(world, lambda before, limit: page(viewer, author, before, limit))
        ]

    sampled = world.sample.intersection(world.users)
    authors = [author for author in sampled if not world.model.is_blocked(viewer, author)]
    return await read_each(authors, read_profile)


def profiles_of_model(world: World, viewer: str) -> list[str]:
    return [
        describe_in_model(world, viewer, post_id)
        for post_id in world.model.visible(viewer)
        if world.model.posts[post_id].author in world.sample
    ]


async def read_history(world: World, viewer: str) -> list[str]:
    async def read(post_id: str) -> Sequence[str]:
        await world.setup.edits.page_history(viewer, post_id, None, 5)
        return [post_id]

    return await read_existing(world, read)
