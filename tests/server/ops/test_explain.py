"""`GET /ops/v1/explain`: why a user did not get a message, over all instances."""

import asyncio
import socket
from typing import Any, cast

import aiohttp

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.ops.conftest import TOKEN, StartOperated
from tests.server.registered_users import RegisteredUser, RegisteredUsers
from tests.server.websocket.peer import Peer, connect_peer

Json = Any


async def explain(instance: Instance, user: RegisteredUser, conversation_id: str, seq: int) -> Json:
    url = f"http://127.0.0.1:{instance.management_port}/ops/v1/explain"
    query = {"user": user.id, "conversation": conversation_id, "seq": str(seq)}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.get(url, params=query) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def connect_slow_peer(port: int) -> Peer:
    """Connect with a small receive buffer, so that few bytes fill it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, ("127.0.0.1", port))
    return Peer(*await asyncio.open_connection(sock=client))


def texts(explanation: Json, source: str) -> list[str]:
    return [step["text"] for step in explanation["steps"] if step["source"].startswith(source)]


async def test_delivered_on_another_instance(start: StartOperated, people: RegisteredUsers) -> None:
    """The instance that is asked has no connection of the user; the other one wrote the message."""
    first, second = await start(), await start()
    async with ApiClient(first) as api, connect_peer(second.port) as peer:
        ana, ben = await people.register(2, first)
        group = (await api.group(ana, ben))["id"]
        await peer.open(ana.token)
        sent = await api.send(ben, group, "a secret text")
        await peer.next_of("message.created")
        found = await explain(first, ana, group, sent["seq"])
    assert found["verdict"] == "delivered"
    assert found["complete"] is True
    assert {first._instance_id, second._instance_id} <= set(found["instances_answered"])
    assert any("written to the connection" in text for text in texts(found, "session"))
    assert any("received from" in text for text in texts(found, "bus"))
    assert any("stored here after" in text for text in texts(found, "log"))
    assert texts(found, "membership") == ["a member"]
    assert "secret" not in str(found)


async def test_offline_then_resumed(start: StartOperated, people: RegisteredUsers) -> None:
    """Without a connection the message waits; a resume on the other instance replays it."""
    first, second = await start(), await start()
    async with ApiClient(first) as api:
        ana, ben = await people.register(2, first)
        group = (await api.group(ana, ben))["id"]
        async with connect_peer(first.port) as peer:
            await peer.open()
            ready = await peer.request("authenticate", token=ana.token)
        before = (await api.get_conversation(ana, group))["last_seq"]
        sent = await api.send(ben, group, "hello")

        found = await explain(second, ana, group, sent["seq"])
        assert found["verdict"] == "offline"
        resume = {
            "session_id": ready["session_id"],
            "epoch": ready["epoch"],
            "position": ready["position"],
            "conversations": {group: before},
        }
        async with connect_peer(second.port) as peer:
            await peer.open()
            reply = await peer.request("authenticate", token=ana.token, resume=resume)
            assert reply["type"] == "ready", reply
            found = await explain(first, ana, group, sent["seq"])
    assert found["verdict"] == "resumed", str(found["steps"])
    assert any("replayed when the client resumed" in text for text in texts(found, "session"))


async def test_held_back_by_a_block(start: StartOperated, people: RegisteredUsers) -> None:
    """The message of a direct conversation was refused, so its seq does not exist."""
    instance = await start()
    async with ApiClient(instance) as api:
        ana, ben = await people.register(2, instance)
        direct = (await api.direct(ana, ben))["id"]
        first = await api.send(ben, direct, "before")
        await api.block(ana, ben)
        body = {"client_id": "one", "content": "after"}
        await api.expect_error("user.blocked", 403, ben, "POST", f"/v1/conversations/{direct}/messages", body)
        found = await explain(instance, ana, direct, first["seq"] + 1)
    assert found["verdict"] == "blocked"
    assert texts(found, "conversation") == [f"a command of {ben.id} was refused with `user.blocked`"]
    assert texts(found, "blocks") == ["one of the two users blocked the other: new messages are refused"]


async def test_shed_by_a_slow_client(start: StartOperated, people: RegisteredUsers) -> None:
    """A client that does not read: its send queue overflows, and later messages are skipped."""
    instance = await start(
        send_queue_soft_bytes=1024,
        send_queue_hard_bytes=10_000_000,
        messages_burst=100_000,
        messages_per_s=10_000,
    )
    found: Json = None
    async with ApiClient(instance) as api:
        ana, ben = await people.register(2, instance)
        group = (await api.group(ana, ben))["id"]
        peer = await connect_slow_peer(instance.port)
        await peer.open(ana.token)
        cast("asyncio.ReadTransport", peer.writer.transport).pause_reading()
        async with asyncio.timeout(60):
            while found is None or found["verdict"] != "shed":
                sent = await asyncio.gather(*(api.send(ben, group, "x" * 4000) for _ in range(50)))
                found = await explain(instance, ana, group, max(message["seq"] for message in sent))
        await peer.close()
        async with asyncio.timeout(10):
            while "ended" not in str(found["steps"]):
                found = await explain(instance, ana, group, found["seq"])
    assert found["verdict"] == "shed"
    assert any("send queue was over its limit" in text for text in texts(found, "session"))


async def test_not_a_member(start: StartOperated, people: RegisteredUsers) -> None:
    """A user who left before the message; who left after it was a member."""
    instance = await start()
    async with ApiClient(instance) as api:
        ana, ben, eve = await people.register(3, instance)
        group = (await api.group(ana, ben, eve))["id"]
        during = await api.send(ben, group, "with eve")
        await api.expect(204, eve, "DELETE", f"/v1/conversations/{group}/participants/{eve.id}")
        after = await api.send(ben, group, "without eve")
        assert (await explain(instance, eve, group, after["seq"]))["verdict"] == "not_a_member"
        found = await explain(instance, eve, group, during["seq"])
    assert found["verdict"] == "offline"
    assert texts(found, "membership")[0].startswith("left with entry")


async def test_unanswered_instance_is_named(start: StartOperated, people: RegisteredUsers) -> None:
    """An instance that holds a lease and does not answer in time makes a negative answer incomplete."""
    first, second = await start(), await start()
    async with ApiClient(first) as api:
        ana, ben = await people.register(2, first)
        group = (await api.group(ana, ben))["id"]
        sent = await api.send(ben, group, "hello")
        name = second._instance_id
        await second.stop()
        found = await explain(first, ana, group, sent["seq"])
    assert name in found["instances_unanswered"]
    assert found["complete"] is False
    assert found["verdict"] == "unknown"


async def test_instance_that_started_later_has_no_records(
    start: StartOperated, people: RegisteredUsers
) -> None:
    """It may have replaced one that delivered the message, so that nothing is concluded from its memory."""
    first = await start()
    async with ApiClient(first) as api:
        ana, ben = await people.register(2, first)
        group = (await api.group(ana, ben))["id"]
        sent = await api.send(ben, group, "hello")
        assert (await explain(first, ana, group, sent["seq"]))["verdict"] == "offline"
        await start()
        found = await explain(first, ana, group, sent["seq"])
    assert found["verdict"] == "unknown"
    assert found["complete"] is True
    assert any("started after the entry" in text for text in texts(found, "instance"))


BAD_QUERIES: list[tuple[dict[str, str], str]] = [
    ({}, "user"),
    ({"user": "ana"}, "conversation"),
    ({"user": "ana", "conversation": "x" * 24, "seq": "1"}, "conversation"),
    ({"user": "ana", "conversation": "a" * 24, "seq": "0"}, "seq"),
    ({"user": "ana", "conversation": "a" * 24, "seq": "9" * 16}, "seq"),
    ({"user": "a" * 51, "conversation": "a" * 24, "seq": "1"}, "user"),
]


async def test_bad_queries(start: StartOperated) -> None:
    """422 with the field."""
    instance = await start()
    url = f"http://127.0.0.1:{instance.management_port}/ops/v1/explain"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        for query, field in BAD_QUERIES:
            async with session.get(url, params=query) as answer:
                assert answer.status == 422, query
                assert [error["field"] for error in (await answer.json())["errors"]] == [field], query
