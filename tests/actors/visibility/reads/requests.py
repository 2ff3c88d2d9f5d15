"""How read paths read many posts: one by one, and page by page."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from actors.pagination import KeysetPage
from actors.protocol.errors import ApiError
from storage.contracts.paging import PageKey
from tests.actors.visibility.world import World

PAGE_SIZES = (1, 3, 5, 20, 20)

Item = TypeVar("Item")


async def read_each(
    ids: Iterable[str], request: Callable[[str], Awaitable[Sequence[str]]], *not_shown: str
) -> list[str]:
    """Return what a request returns for each id; nothing if it fails with one of the codes `not_shown`."""

    async def read(one_id: str) -> Sequence[str]:
        try:
            return await request(one_id)
        except ApiError as error:
            assert error.code in not_shown, error  # noqa: PT017 - the outcome of the request
            return ()

    return [row for rows in await asyncio.gather(*map(read, ids)) for row in rows]


async def read_existing(world: World, request: Callable[[str], Awaitable[Sequence[str]]]) -> list[str]:
    """Return what a request returns for the sampled posts. Those that it does not find must not exist."""
    posts = [post_id for post_id in world.model.posts if post_id in world.sample]
    return await read_each(posts, request, "post.not_found")


async def collect(
    world: World, read_page: Callable[[PageKey | None, int], Awaitable[KeysetPage[Item]]]
) -> list[Item]:
    """Return the items of all pages, in pages of a random size."""
    limit, items, before = world.page_sizes.choice(PAGE_SIZES), list[Item](), None
    while True:
        page = await read_page(before, limit)
        items += page.items
        if page.next_key is None:
            return items
        before = page.next_key
