"""Tests of the user's event stream (server-sent events): complete, ordered, resumable on any instance."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUser, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
WAIT_TIMEOUT_S = 5.0
Event = tuple[str | None, Json]


class EventStreamReader:
    """Parses server-sent events as the HTML standard defines."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.response = answer

    async def next(self) -> Event:
        """Return the id and the data of the next event; comments are skipped."""
        event_id, data = None, ""
        async with asyncio.timeout(WAIT_TIMEOUT_S):
            while True:
                line = (await self.response.content.readuntil(b"\n")).decode().rstrip("\r\n")
                if not line and data:
                    return event_id, json.loads(data)
                name, _, value = line.partition(":")
                if name == "id":
                    event_id = value.removeprefix(" ")
                elif name == "data":
                    data += value.removeprefix(" ")

    async def next_of(self, kind: str) -> Event:
        while True:
            event_id, data = await self.next()
            if data["type"] == kind:
                return event_id, data

    async def wait_until_closed(self, timeout_s: float) -> None:
        """Read until the server ends the stream, within a timeout."""
        async with asyncio.timeout(timeout_s):
            await self.response.content.read()


@contextlib.asynccontextmanager
async def open_stream(
    instance: Instance, person: RegisteredUser, last_id: str | None = None
) -> AsyncIterator[EventStreamReader]:
    headers = {"Authorization": f"Bearer {person.token}"}
    if last_id is not None:
        headers["Last-Event-ID"] = last_id
    url = f"http://127.0.0.1:{instance.port}/v1/stream"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        yield EventStreamReader(answer)


async def like(api: ApiClient, person: RegisteredUser, author: RegisteredUser) -> Json:
    """Create a new notification for the author."""
    post = await api.post(author)
    await api.expect(204, person, "PUT", f"/v1/posts/{post['id']}/like")
    return post


def parse_event_id(event_id: str | None) -> tuple[str, int]:
    assert event_id is not None
    epoch, _, position = event_id.rpartition(".")
    assert epoch
    return epoch, int(position)


async def test_first_event_has_the_position(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The response is not cached, and the first event's id is a position to resume from."""
    ana, ben = await people.register(2, instance)
    await api.follow(ben, ana)
    await api.wait_for(ana, "/v1/notifications", lambda page: page["items"])
    async with open_stream(instance, ana) as events:
        assert events.response.content_type == "text/event-stream"
        assert events.response.headers["Cache-Control"] in {"no-store", "no-cache"}
        event_id, first = await events.next()
        assert parse_event_id(event_id) == (first["epoch"], first["position"])
        assert first["unread_notifications"] == 1


async def test_stream_has_the_events_of_a_websocket(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The same durable frames, each with the id of its position."""
    ana, ben = await people.register(2, instance)
    async with open_stream(instance, ana) as events, connect_peer(instance.port) as connected:
        await connected.open(ana.token)
        epoch, position = parse_event_id((await events.next())[0])

        async def expect_event(kind: str, number: int) -> None:
            event_id, frame = await events.next_of(kind)
            assert parse_event_id(event_id) == (epoch, position + number)
            assert frame["position"] == position + number
            assert await connected.next_of(kind) == frame

        await like(api, ben, ana)
        await expect_event("notification.created", 1)
        group = await api.group(ben, ana)
        await expect_event("conversation.joined", 2)
        await api.expect(204, ana, "PUT", "/v1/notifications/read")
        await expect_event("notification.read", 3)
        await api.expect(204, ben, "DELETE", f"/v1/conversations/{group['id']}/participants/{ana.id}")
        await expect_event("conversation.left", 4)


async def test_resume_after_last_event_id(
    api: ApiClient, instance: Instance, second_instance: Instance, people: RegisteredUsers
) -> None:
    """On another instance: exactly the missed events, then live ones."""
    ana, ben = await people.register(2, instance)
    async with open_stream(instance, ana) as events:
        begin = (await events.next())[0]
        seen: list[Event] = []
        for _ in range(3):
            await like(api, ben, ana)
            seen.append(await events.next_of("notification.created"))
    for last_id, number in ((begin, 0), (seen[0][0], 1), (seen[2][0], 3)):
        async with open_stream(second_instance, ana, last_id) as events:
            for wanted in seen[number:]:
                assert await events.next() == wanted
            post = await like(api, ben, ana)
            event_id, frame = await events.next_of("notification.created")
            assert frame["notification"]["reference_id"] == post["id"]
            assert parse_event_id(event_id) == (parse_event_id(begin)[0], frame["position"])
            seen.append((event_id, frame))
    positions = [parse_event_id(event_id)[1] for event_id, _ in seen]
    assert positions == list(range(parse_event_id(begin)[1] + 1, parse_event_id(begin)[1] + 7))


async def test_unknown_last_event_id_is_a_resync(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Forged, foreign and future ids lead to `resync` with a valid id to continue from."""
    ana, ben = await people.register(2, instance)
    for _ in range(2):
        await like(api, ben, ana)
    await api.wait_for(ana, "/v1/notifications", lambda page: len(page["items"]) == 2)
    async with open_stream(instance, ana) as events:
        foreign = (await events.next())[0]
    async with open_stream(instance, ben) as events:
        own = (await events.next())[0]
    epoch, position = parse_event_id(own)
    for odd in (
        *("x", ".", "..", "1", "1.1", f"{epoch}.", f".{position}", f"{epoch}.-1", f"{epoch}.x"),
        *(f"{epoch}.{position + 1}", f"{epoch}.{10**30}", f"x{epoch}.{position}", "a" * 5000, foreign or ""),
    ):
        async with open_stream(instance, ben, odd) as events:
            event_id, first = await events.next()
            assert first["type"] == "resync", odd
            assert first["reason"] in {"expired", "epoch", "too_far"}
            assert parse_event_id(event_id) == (first["epoch"], first["position"]) == (epoch, position)
    async with open_stream(instance, ben, odd) as events:
        await events.next()
        await like(api, ana, ben)
        event_id, _ = await events.next_of("notification.created")
        assert parse_event_id(event_id) == (epoch, position + 1)


async def test_stream_requires_a_valid_token(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """401 without a token or with an unknown one."""
    for headers in ({}, *({"Authorization": f"Bearer {odd}"} for odd in ("", "x", "A" * 43, "\u00e9"))):
        status, body, _ = await api.request(None, "GET", "/v1/stream", **headers)
        assert status == 401
        assert body["code"].startswith("auth.")


async def test_stream_ends_with_its_session(
    api: ApiClient, instance: Instance, second_instance: Instance, people: RegisteredUsers
) -> None:
    """Within a second of the revocation, on every instance; streams of other sessions continue."""
    (ana,) = await people.register(1, instance)
    login = {"login": ana.username, "password": PASSWORD}
    again = await api.expect(201, None, "POST", "/v1/sessions", login)
    lost = RegisteredUser(ana.id, ana.username, again["token"])
    sessions = (await api.get(ana, "/v1/sessions"))["items"]
    (lost_id,) = [session["id"] for session in sessions if not session["current"]]
    async with (
        open_stream(instance, lost) as here,
        open_stream(second_instance, lost) as there,
        open_stream(second_instance, ana) as kept,
    ):
        for events in (here, there, kept):
            await events.next()
        await api.expect(204, ana, "DELETE", f"/v1/sessions/{lost_id}")
        await asyncio.gather(here.wait_until_closed(1.0), there.wait_until_closed(1.0))
        await api.group(ana)
        assert (await kept.next_of("conversation.joined"))[0] is not None
    status, body, _ = await api.request(lost, "GET", "/v1/stream")
    assert (status, body["code"][:5]) == (401, "auth.")


async def test_followers_get_an_event_for_a_post(
    api: ApiClient, instance: Instance, second_instance: Instance, people: RegisteredUsers
) -> None:
    """An ephemeral event without an id, on every instance, for followers only."""
    ana, ben, eve = await people.register(3, instance)
    await api.follow(ben, ana)
    async with (
        open_stream(instance, ben) as here,
        open_stream(second_instance, ben) as there,
        open_stream(second_instance, eve) as unrelated,
    ):
        for events in (here, there, unrelated):
            await events.next()
        post = await api.post(ana)
        for events in (here, there):
            event_id, hint = await events.next_of("feed.post_created")
            assert event_id is None
            assert hint["post"]["id"] == post["id"]
            assert hint["post"]["author"]["id"] == ana.id
        await api.follow(ana, eve)
        assert (await unrelated.next())[1]["type"] == "notification.created"


async def test_one_more_stream_ends_the_oldest(people: RegisteredUsers, stores: StoreUrls) -> None:
    """Neither a stream nor a socket is refused because of streams; sockets do not give way."""
    async with running_instance(stores, sockets_per_user=2) as small:
        (ana,) = await people.register(1, small)
        async with (
            open_stream(small, ana) as first,
            open_stream(small, ana) as second,
            open_stream(small, ana) as third,
            connect_peer(small.port) as socket,
        ):
            await first.wait_until_closed(WAIT_TIMEOUT_S)
            assert (await third.next())[1]["type"] == "ready"
            await socket.open(ana.token)
            await second.wait_until_closed(WAIT_TIMEOUT_S)
            async with connect_peer(small.port) as other:
                await other.open(ana.token)
                await third.wait_until_closed(WAIT_TIMEOUT_S)
                async with ApiClient(small) as requests:
                    status, body, headers = await requests.request(ana, "GET", "/v1/stream")
                assert (status, body["code"]) == (429, "rate.limited")
                assert int(headers["retry-after"]) > 0
                assert body["retry_after_ms"] > 0


async def test_a_dropped_stream_frees_its_place_at_once(people: RegisteredUsers, stores: StoreUrls) -> None:
    """Long before the next keep-alive."""
    async with running_instance(stores) as quiet:
        (ana,) = await people.register(1, quiet)
        async with open_stream(quiet, ana) as dropped, ApiClient(quiet) as requests:
            await dropped.next()

            async def streams() -> int:
                url = f"http://127.0.0.1:{quiet.port}/metrics"
                async with requests._session.get(url) as answer:
                    found = re.search(r"^convene_users_online (\d+)", await answer.text(), re.MULTILINE)
                assert found is not None
                return int(found[1])

            assert await streams() == 1
            assert dropped.response.connection is not None
            assert dropped.response.connection.transport is not None
            dropped.response.connection.transport.abort()
            async with asyncio.timeout(WAIT_TIMEOUT_S):
                while await streams():
                    """Not noticed yet."""
