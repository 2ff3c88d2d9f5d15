"""How read paths read many posts: one by one, and page by page."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors.pagination import KeysetPage
from actors.protocol.errors import ApiError
from actors.protocol.social_objects import Post
from storage.contracts.paging import PageKey
from tests.actors.visibility.world import World

PAGE_SIZES = (1, 3, 5, 20, 20)


async def read_existing(
    world: World, request: Callable[[str], Awaitable[Sequence[str]]], not_found: str = "post.not_found"
) -> list[str]:
    """Return what a request returns for the sampled posts. Those that it does not find must not exist."""

    async def read(post_id: str) -> Sequence[str]:
        try:
            return await request(post_id)
        except ApiError as error:
            assert error.code == not_found, error  # noqa: PT017 - the outcome of the request
            return ()

    posts = [post_id for post_id in world.model.posts if post_id in world.sample]
    return [row for rows in await asyncio.gather(*map(read, posts)) for row in rows]


async def collect(
    world: World, read_page: Callable[[PageKey | None, int], Awaitable[KeysetPage[Post]]]
) -> list[Post]:
    """Return the posts of all pages, in pages of a random size. They must be in order."""
    limit, posts, before = world.page_sizes.choice(PAGE_SIZES), list[Post](), None
    while True:
        page = await read_page(before, limit)
        posts += page.items
        if page.next_key is None:
            return posts
        before = page.next_key
