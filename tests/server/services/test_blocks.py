"""Tests of blocks: what they hide in both directions, on every instance, and what unblocking restores."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


async def stats(api: ApiClient, viewer: RegisteredUser, person: RegisteredUser) -> tuple[int, int]:
    counts = await api.get(viewer, f"/v1/users/{person.id}/stats")
    assert counts["user_id"] == person.id
    return counts["followers_count"], counts["following_count"]


async def list_ids(api: ApiClient, viewer: RegisteredUser, path: str) -> list[str]:
    return ids(await api.collect_pages(viewer, path, 100))


@dataclass(frozen=True)
class Block:
    """Actions of the first of three users against the second, and checks of what both see.

    The third is connected to both.
    """

    api: ApiClient
    second_api: ApiClient
    ana: RegisteredUser
    ben: RegisteredUser
    eve: RegisteredUser

    async def assert_hidden(
        self, is_visible: Callable[[ApiClient, RegisteredUser, RegisteredUser], Awaitable[list[bool]]]
    ) -> None:
        """Check what both users see before, during and after the block."""
        for method, seen in ((None, True), ("PUT", False), ("DELETE", True)):
            if method is not None:
                await self.api.expect(204, self.ana, method, f"/v1/users/{self.ben.id}/block")
            for api in (self.second_api, self.api):
                for viewer, other in ((self.ana, self.ben), (self.ben, self.ana)):
                    visible = await is_visible(api, viewer, other)
                    assert visible == [seen] * len(visible), (method, viewer is self.ana, api is self.api)


@pytest_asyncio.fixture(loop_scope="module")
async def block(api: ApiClient, second_api: ApiClient, instance: Instance, people: RegisteredUsers) -> Block:
    """Three new users."""
    return Block(api, second_api, *await people.register(3, instance))


async def is_found(api: ApiClient, viewer: RegisteredUser, path: str) -> bool:
    status, body, _ = await api.request(viewer, "GET", path)
    assert status == 200 or (status == 404 and body["code"].endswith(".not_found")), body
    return status == 200


async def test_a_block_hides_profiles(block: Block) -> None:
    """By id, name, search, cards and lists, on every instance at once; the third user sees both."""
    api, eve = block.api, block.eve
    for person in (block.ana, block.ben):
        await api.follow(person, eve)
        await api.follow(eve, person)

    async def sees(api: ApiClient, viewer: RegisteredUser, other: RegisteredUser) -> list[bool]:
        alone = [f"/{other.id}", f"/by-username/{other.username}", f"/{other.id}/stats"]
        alone += [f"/{other.id}/followers", f"/{other.id}/following", f"/{other.id}/posts"]
        lists = [f"?q={other.username}", f"?ids={eve.id},{other.id}"]
        lists += [f"/{eve.id}/followers", f"/{eve.id}/following"]
        assert len(await list_ids(api, eve, f"/v1/users/{eve.id}/followers")) == 2
        return [
            *[await is_found(api, viewer, f"/v1/users{path}") for path in alone],
            *[other.id in await list_ids(api, viewer, f"/v1/users{path}") for path in lists],
        ]

    await block.assert_hidden(sees)


async def test_a_block_hides_posts(block: Block) -> None:
    """The user's posts, and their comments and likes on a third user's post, who sees all of them."""
    api, eve = block.api, block.eve
    common = f"/v1/posts/{(await api.post(eve))['id']}"
    own, comments = {}, {}
    for person in (block.ana, block.ben):
        own[person.id] = (await api.post(person))["id"]
        await api.comment(person, own[person.id])
        comments[person.id] = (await api.comment(person, common.rpartition("/")[2]))["id"]
        await api.expect(204, person, "PUT", f"{common}/like")

    async def sees(api: ApiClient, viewer: RegisteredUser, other: RegisteredUser) -> list[bool]:
        assert len(await list_ids(api, eve, f"{common}/comments")) == 2
        assert len(await list_ids(api, eve, f"{common}/likes")) == 2
        post = f"/v1/posts/{own[other.id]}"
        answers = [await is_found(api, viewer, f"{post}{part}") for part in ("", "/likes", "/comments")]
        for method, part, body in (
            ("PUT", "/like", None),
            ("DELETE", "/like", None),
            ("POST", "/comments", {"content": "x"}),
        ):
            status, response_body, _ = await api.request(viewer, method, f"{post}{part}", body)
            assert status < 300 or (status, response_body["code"]) == (404, "post.not_found"), response_body
            answers.append(status < 300)
        return [
            *answers,
            comments[other.id] in await list_ids(api, viewer, f"{common}/comments"),
            other.id in await list_ids(api, viewer, f"{common}/likes"),
        ]

    await block.assert_hidden(sees)


async def test_a_block_hides_events(block: Block) -> None:
    """The user's events, alone and in searches, and their RSVP to a third user's event."""
    api, eve = block.api, block.eve
    common, word = (await api.event(eve))["id"], f"w{uuid4().hex}"
    own = {}
    for person in (block.ana, block.ben):
        own[person.id] = (await api.event(person, title=f"{word} party"))["id"]
        await api.rsvp(person, common)

    async def sees(api: ApiClient, viewer: RegisteredUser, other: RegisteredUser) -> list[bool]:
        assert len(await api.collect_pages(eve, f"/v1/events/{common}/rsvps", 100)) == 2
        event = f"/v1/events/{own[other.id]}"
        status, body, _ = await api.request(viewer, "PUT", f"{event}/rsvp", {"status": "MAYBE"})
        assert status == 200 or (status, body["code"]) == (404, "event.not_found")
        rsvps = await api.collect_pages(viewer, f"/v1/events/{common}/rsvps", 100)
        return [
            status == 200,
            await is_found(api, viewer, event),
            await is_found(api, viewer, f"{event}/rsvps"),
            own[other.id] in await list_ids(api, viewer, f"/v1/events?q={word}"),
            other.id in [rsvp["user"]["id"] for rsvp in rsvps],
        ]

    await block.assert_hidden(sees)


async def test_a_block_ends_follows(block: Block) -> None:
    """For good and in both directions; a second block in the other direction stays after the first ends."""
    api, ana, ben, eve = block.api, block.ana, block.ben, block.eve
    await api.follow(ana, ben)
    await api.follow(ben, ana)
    for _ in range(2):
        await api.block(ana, ben)
    assert await stats(api, eve, ana) == await stats(api, eve, ben) == (0, 0)
    for one, other in ((ana, ben), (ben, ana)):
        await api.expect_error("user.not_found", 404, one, "PUT", f"/v1/users/{other.id}/follow")
    await api.block(ben, ana)
    await api.unblock(ana, ben)
    assert not await is_found(api, ana, f"/v1/users/{ben.id}")
    for _ in range(2):
        await api.unblock(ben, ana)
    assert await stats(api, eve, ana) == await stats(api, eve, ben) == (0, 0)
    await api.follow(ben, ana)


async def test_a_block_closes_direct_conversations(block: Block) -> None:
    """Sending and creating is 403 `user.blocked`; the history stays; unblocking reopens it."""
    api, ana, ben, eve = block.api, block.ana, block.ben, block.eve
    direct = (await api.direct(ana, ben))["id"]
    await api.send(ana, direct, "hello")
    messages = f"/v1/conversations/{direct}/messages"
    await block.second_api.send(ben, direct, "hello")
    for blocked, way in ((True, api.block), (False, api.unblock)):
        await way(ana, ben)
        wanted = (403, "user.blocked") if blocked else (201, None)
        for person, asked in ((ana, api), (ben, api), (ana, block.second_api), (ben, block.second_api)):
            await wait_for_status(asked, person, messages, wanted)
        assert len((await api.get(ben, messages))["items"]) >= 2
    await api.block(eve, ana)
    for one, other in ((eve, ana), (ana, eve)):
        body = {"type": "DIRECT", "participants": [other.id]}
        await api.expect_error("user.blocked", 403, one, "POST", "/v1/conversations", body)


async def wait_for_status(
    api: ApiClient, person: RegisteredUser, path: str, wanted: tuple[int, str | None]
) -> None:
    """Send until the response has this status, for at most 2 s."""
    async with asyncio.timeout(2):
        while True:
            body = {"client_id": uuid4().hex, "content": "x"}
            status, response_body, _ = await api.request(person, "POST", path, body)
            if (status, response_body.get("code")) == wanted:
                return


async def test_a_block_does_not_affect_shared_groups(block: Block) -> None:
    """Both users remain members, write, and read each other's messages."""
    api, ana, ben, eve = block.api, block.ana, block.ben, block.eve
    group = (await api.group(eve, ana, ben))["id"]
    await api.block(ana, ben)
    sent = [(await api.send(person, group, "hello"))["id"] for person in (ana, ben)]
    for person in (ana, ben, eve):
        page = await api.get(person, f"/v1/conversations/{group}/messages")
        assert {message["id"] for message in page["items"]} >= set(sent)
        assert (await api.get_conversation(person, group))["member_count"] == 3
