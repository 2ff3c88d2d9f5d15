"""The pages of `/ops` on a running server."""

import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from config.settings import OpsSettings
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.ops.conftest import TOKEN, StartOperated
from tests.server.registered_users import RegisteredUsers
from tests.server.websocket.peer import connect_peer

Json = Any


class Operator:
    """Reads pages and JSON with the token."""

    def __init__(self, instance: Instance, session: aiohttp.ClientSession) -> None:
        self._root = f"http://127.0.0.1:{instance.management_port}"
        self._session = session

    async def page(self, path: str, status: int = 200) -> str:
        async with self._session.get(self._root + path) as answer:
            assert answer.status == status, await answer.text()
            assert answer.content_type == "text/html"
            return await answer.text()

    async def json(self, path: str) -> Json:
        async with self._session.get(self._root + path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        yield session


async def test_style_is_not_sent_again(start: StartOperated, http: aiohttp.ClientSession) -> None:
    """`If-None-Match` is a list, which may come in several lines (RFC 9110, section 5.3)."""
    url = f"http://127.0.0.1:{(await start()).management_port}/ops/style.css"
    async with http.get(url) as answer:
        assert answer.status == 200
        etag = answer.headers["ETag"]
    for headers in ([("If-None-Match", f'"x", {etag}')], [("If-None-Match", '"x"'), ("If-None-Match", etag)]):
        async with http.get(url, headers=headers) as answer:
            assert answer.status == 304, headers


async def test_overview_shows_all_instances(start: StartOperated, http: aiohttp.ClientSession) -> None:
    """With the numbers, alerts, stores and plots of the one that is asked."""
    first, second = await start(), await start()
    operator = Operator(first, http)
    text = await operator.page("/ops")
    for instance in (first, second):
        assert instance._instance_id in text
    for part in (
        "Alerts",
        "entries per write to the log",
        "messaging",
        "notifications.posts",
        "<svg",
        "Delivery, p99",
    ):
        assert part in text
    overview = await operator.json("/ops/v1/overview")
    assert {first._instance_id, second._instance_id} <= {one["instance"] for one in overview["answers"]}


async def test_live_actors_and_black_boxes(
    start: StartOperated, http: aiohttp.ClientSession, people: RegisteredUsers
) -> None:
    """A session and a conversation are found by a part of an id, on any instance, and show their events."""
    first, second = await start(), await start()
    operator = Operator(first, http)
    async with ApiClient(second) as api, connect_peer(second.port) as peer:
        ana, ben = await people.register(2, second)
        group = (await api.group(ana, ben))["id"]
        await peer.open(ana.token)
        await peer.request(
            "message.send", conversation_id=group, client_id="c1", content="a secret text", id=7
        )
        await peer.request("message.send", conversation_id="f" * 24, client_id="c2", content="other", id=8)
        text = await operator.page(f"/ops/actors?search={ana.id[:13]}")
        address = re.search(r'href="(/ops/sessions/\d+\?instance=\w+)"', text)
        assert address is not None
        session = await operator.page(address[1])
        text = await operator.page(f"/ops/actors?search={group[:8]}")
        assert f"/ops/conversations/{group}" in text
        conversation = await operator.page(f"/ops/conversations/{group}")
        box = await operator.json(f"/ops/v1/conversations/{group}")
    assert ana.id in session
    assert "message.send" in session
    assert "conversation.not_found" in session
    for part in ("activated", "stored", "delivered", ana.id):
        assert part in conversation
    kinds = [event[1] for answer in box["answers"] for event in answer["events"]]
    assert kinds.count("stored") == 1
    for text in (session, conversation, str(box)):
        assert "secret" not in text
        assert ana.token not in text


async def test_texts_of_clients_are_escaped_or_left_out(
    start: StartOperated, http: aiohttp.ClientSession, people: RegisteredUsers
) -> None:
    """A client may send any text as the id of a conversation; an operator may type any text."""
    instance = await start()
    operator = Operator(instance, http)
    async with connect_peer(instance.port) as peer:
        ana = (await people.register(1, instance))[0]
        await peer.open(ana.token)
        await peer.request("conversation.read", conversation_id="<script>alert(1)</script>", seq=1)
        number = (await operator.json(f"/ops/v1/actors?search={ana.id}"))["answers"][0]["rows"][0]["key"]
        assert "script" not in await operator.page(f"/ops/sessions/{number}")
    for path in ("/ops/actors?search=", "/ops/explain?user=", "/ops/conversations/"):
        for status in (200, 404, 422):
            async with http.get(operator._root + path + '"><script>') as answer:
                assert "<script" not in await answer.text()
                assert answer.status in {200, 404, 422}, status


async def test_errors_are_pages(start: StartOperated, http: aiohttp.ClientSession) -> None:
    """An unknown conversation or page, and a bad form, are answered with a page that says so."""
    operator = Operator(await start(), http)
    for query, status, part in (
        (
            f"user={'a' * 8}-0000-4000-8000-{'0' * 12}&conversation={'f' * 24}&seq=1",
            404,
            "conversation.not_found",
        ),
        ("user=ana&conversation=x&seq=1", 422, "request.invalid"),
    ):
        assert part in await operator.page(f"/ops/explain?{query}", status)
    await operator.page("/ops/nothing", 404)
    assert "No instance" in await operator.page("/ops/sessions/999999")


async def test_explain_by_username(
    start: StartOperated, http: aiohttp.ClientSession, people: RegisteredUsers
) -> None:
    """The page answers with sentences; the user may be given by name."""
    instance = await start()
    operator = Operator(instance, http)
    async with ApiClient(instance) as api, connect_peer(instance.port) as peer:
        ana, ben = await people.register(2, instance)
        group = (await api.group(ana, ben))["id"]
        await peer.open(ana.token)
        sent = await api.send(ben, group, "hello")
        await peer.next_of("message.created")
        text = await operator.page(f"/ops/explain?user={ana.username}&conversation={group}&seq={sent['seq']}")
    assert "delivered: The message was written to a connection of the user." in text


async def test_black_boxes_can_be_turned_off(
    start: StartOperated, http: aiohttp.ClientSession, people: RegisteredUsers
) -> None:
    """Then nothing is kept, and a live session is still explained from its state."""
    instance = await start(OpsSettings(token=TOKEN, black_boxes=False))
    operator = Operator(instance, http)
    async with ApiClient(instance) as api, connect_peer(instance.port) as peer:
        ana, ben = await people.register(2, instance)
        group = (await api.group(ana, ben))["id"]
        await peer.open(ana.token)
        sent = await api.send(ben, group, "hello")
        await peer.next_of("message.created")
        query = f"user={ana.id}&conversation={group}&seq={sent['seq']}"
        found = await operator.json(f"/ops/v1/explain?{query}")
        box = await operator.json(f"/ops/v1/conversations/{group}")
    assert found["verdict"] == "delivered"
    assert not any(answer["found"] for answer in box["answers"])
