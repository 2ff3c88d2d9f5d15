"""Reads of lists of posts: a tag, the feed, the public timeline, Atom feeds, bookmarks, and hints."""

import asyncio
import json

from tests.actors.visibility.reads.requests import PAGE_SIZES, collect
from tests.actors.visibility.world import World


def tagged(world: World, viewer: str) -> set[str]:
    return {post_id for post_id in world.model.visible(viewer) if not world.model.posts[post_id].is_repost}


async def read_tag(world: World, viewer: str) -> list[str]:
    page = world.setup.posts.page_by_tag
    return [
        post.id for post in await collect(world, lambda before, limit: page(viewer, world.tag, before, limit))
    ]


async def read_feed(world: World, viewer: str) -> list[str]:
    """Return the feed with what each page leaves out because it shows the same post further up."""
    order, limit = list(world.model.posts), world.page_sizes.choice(PAGE_SIZES)
    rows, before = list[str](), None
    while True:
        page = await world.setup.feed.page(viewer, before, limit)
        ids = [post.id for post in page.items]
        shown = [world.model.target(post_id) for post_id in ids]
        assert len(set(shown)) == len(shown), "a post is twice on a page of the feed"
        newest = order.index(rows[-1]) if rows else len(order)
        oldest = order.index(page.next_key[1]) if page.next_key else 0
        expected = feed_of_model(world, viewer)
        repeated = {
            post_id
            for post_id in order[oldest:newest]
            if post_id in expected
            and any(
                world.model.target(post_id) == target and order.index(post_id) < order.index(post_above)
                for post_above, target in zip(ids, shown, strict=True)
            )
        }
        rows = sorted({*rows, *ids, *repeated}, key=order.index, reverse=True)
        if page.next_key is None:
            return rows
        before = page.next_key


def feed_of_model(world: World, viewer: str) -> set[str]:
    model = world.model
    authors = {other for one, other in model.follows if one == viewer}
    authors -= {other for one, other in model.post_mutes if one == viewer}
    followed = {
        post_id for post_id in model.visible(viewer) if model.posts[post_id].author in {viewer, *authors}
    }
    followed = {
        post_id
        for post_id in followed
        if not model.posts[post_id].is_repost
        or (viewer, model.posts[model.target(post_id)].author) not in model.post_mutes
    }
    return followed | (public_of_model(world, viewer) if viewer == world.users[0] else set())


async def read_public(world: World, viewer: str) -> list[str]:
    """Return those of the world's posts that are in the public timeline. It has those of other worlds too."""
    rows, before = list[str](), None
    while True:
        page = await world.setup.public_timeline.page(viewer, before, world.page_sizes.randint(10, 100))
        rows += [post.id for post in page.items if post.id in world.model.posts]
        if page.next_key is None or page.next_key[0] < world.started_us:
            return rows
        before = page.next_key


def public_of_model(world: World, viewer: str) -> set[str]:
    model = world.model
    return {
        post_id
        for post_id in tagged(world, viewer)
        if model.posts[post_id].visibility == "public"
        and (viewer, model.posts[post_id].author) not in model.post_mutes
    }


async def read_atom_feeds(world: World, _viewer: str) -> list[str]:
    feeds = await asyncio.gather(*(world.setup.posts.list_public(author, 100) for author in world.users))
    return [
        json.dumps((post.id, len(post.mentions), post.repost_of and post.repost_of.id))
        for _, posts in feeds
        for post in posts
    ]


def atom_of_model(world: World, _viewer: str) -> list[str]:
    model = world.model
    anonymous = ""
    return [
        json.dumps((post_id, 0, post.original_id if model.can_see_original(anonymous, post) else None))
        for post_id, post in model.posts.items()
        if not post.is_repost and model.can_see(anonymous, post_id)
    ]


async def read_bookmarks(world: World, viewer: str) -> list[str]:
    page = world.setup.bookmarks.page
    return [post.id for post in await collect(world, lambda before, limit: page(viewer, before, limit))]


def bookmarks_of_model(world: World, viewer: str) -> set[str]:
    return {post_id for user, post_id in world.model.bookmarks if user == viewer} & world.model.visible(
        viewer
    )


async def read_hints(world: World, viewer: str) -> list[str]:
    return world.hints.get(viewer, [])


def hints_of_model(world: World, viewer: str) -> set[str]:
    """Without posts by muted users, and posts about those that are by muted users or not visible."""
    model = world.model
    hinted = set()
    for post_id in model.visible(viewer).intersection(world.hinted):
        post = model.posts[post_id]
        about = [post]
        if post.original_id in model.posts and post.original_id not in model.hidden:
            about.append(model.posts[post.original_id])
        if all(
            (viewer, one.author) not in model.post_mutes
            and model.can_see_posts_of(viewer, one.author, one.visibility)
            for one in about
        ):
            hinted.add(post_id)
    return hinted
