"""Frames and replies of a real server against the AsyncAPI document that it publishes."""

from typing import Any

import aiohttp
import msgspec
import pytest

from config.limits import Limits
from server.api_docs.asyncapi import asyncapi_document
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.api_docs.checked_peer import connect_checked
from tests.server.api_docs.document_checks import assert_valid_event
from tests.server.registered_users import RegisteredUser, RegisteredUsers

Json = Any


@pytest.fixture(scope="module")
def document() -> Json:
    return msgspec.json.decode(msgspec.json.encode(asyncapi_document("1", "http://convene.test", Limits())))


async def test_frames_of_a_group_match_the_document(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Sending, typing, reading, reacting, editing, deleting, joining and leaving."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(ana, ben))["id"]
    membership = f"/v1/conversations/{group}/participants/{eve.id}"
    async with (
        connect_checked(instance.port, document) as ana_peer,
        connect_checked(instance.port, document, ben) as ben_peer,
        connect_checked(instance.port, document, eve) as eve_peer,
    ):
        ready = await ana_peer.request("authenticate", token=ana.token)
        assert ready["type"] == "ready"
        sent = await ana_peer.expect_ok("message.send", conversation_id=group, client_id="c", content="hello")
        await ben_peer.expect_ok("typing", conversation_id=group, active=True)
        assert (await ana_peer.receive("typing"))["active"] is True
        named = {"conversation_id": group, "message_id": sent["message_id"]}
        for peer in (ana_peer, ben_peer):
            assert (await peer.receive("message.created"))["seq"] == sent["seq"]
        await ben_peer.expect_ok("conversation.read", conversation_id=group, seq=sent["seq"])
        await ben_peer.receive("conversation.marked")
        assert (await ana_peer.receive("conversation.read"))["user_id"] == ben.id
        for kind, fields in (
            ("reaction.add", {"emoji": "\N{THUMBS UP SIGN}"}),
            ("reaction.remove", {"emoji": "\N{THUMBS UP SIGN}"}),
        ):
            changed = await ben_peer.expect_ok(kind, **named, **fields)
            assert (await ana_peer.receive("message.updated"))["seq"] == changed["seq"]
        await ana_peer.expect_ok("message.edit", **named, content="hello all")
        await ben_peer.receive("message.updated")
        await ana_peer.expect_ok("message.delete", **named)
        await ben_peer.receive("message.updated")
        await api.expect(204, ana, "PUT", membership)
        assert (await eve_peer.receive("conversation.joined"))["conversation"]["id"] == group
        assert (await ben_peer.receive("conversation.updated"))["changed"]["joined"][0]["id"] == eve.id
        await api.expect(204, eve, "DELETE", membership)
        assert (await eve_peer.receive("conversation.left"))["conversation_id"] == group
        assert (await ben_peer.receive("conversation.updated"))["changed"]["left"] == [eve.id]
        assert (await ben_peer.request("message.edit", **named, content="mine"))["type"] == "error"
        assert (await eve_peer.request("message.delete", **named))["type"] == "error"


async def test_frames_of_a_user_match_the_document(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Notifications, presence, ephemeral events, and the `goodbye` after an invalid frame."""
    ana, ben = await people.register(2, instance)
    async with (
        connect_checked(instance.port, document, ana) as ana_peer,
        connect_checked(instance.port, document, ben) as ben_peer,
    ):
        await api.follow(ana, ben)
        created = await ben_peer.receive("notification.created")
        assert created["notification"]["type"] == "FOLLOW"
        await api.expect(204, ben, "PUT", "/v1/notifications/read")
        assert (await ben_peer.receive("notification.read"))["ids"] is None
        watched = await ana_peer.expect_ok("presence.watch", user_ids=[ben.id])
        assert watched["presences"][0]["user_id"] == ben.id
        await ben_peer.expect_ok("presence.set", status="away")
        assert (await ana_peer.receive("presence.changed"))["presences"][0]["user_id"] == ben.id
        await ben_peer.expect_ok("ping")
        await api.expect(200, ben, "PATCH", "/v1/users/me", {"bio": "I paint."})
        assert (await ben_peer.receive("user.updated"))["user"]["bio"] == "I paint."
        await api.post(ben, "First snow.")
        assert (await ana_peer.receive("feed.post_created"))["post"]["content"] == "First snow."
        event = await api.event(ben)
        await api.rsvp(ana, event["id"])
        await api.expect(200, ben, "PATCH", f"/v1/events/{event['id']}", {"title": "Breakfast"})
        assert (await ana_peer.receive("event.updated"))["event"]["title"] == "Breakfast"
        assert (await ben_peer.send_invalid_frame())["code"] == 4500


async def test_frames_of_a_resume_match_the_document(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The missed frames and `resumed`, or `resync`; and conversations that the user has left."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben))["id"]
    async with connect_checked(instance.port, document) as first:
        ready = await first.request("authenticate", token=ben.token)
    seq = (await api.send(ana, group, "missed"))["seq"]
    resume = {"session_id": ready["session_id"], "epoch": ready["epoch"], "position": ready["position"]}
    async with connect_checked(instance.port, document) as again:
        known = {group: seq - 1, "0123456789abcdef01234567": 3}
        await again.request("authenticate", token=ben.token, resume={**resume, "conversations": known})
        assert (await again.receive("conversation.left"))["conversation_id"] != group
        assert (await again.receive("message.created"))["seq"] == seq
        assert (await again.receive("resumed"))["last_seqs"] == {group: seq}
    async with connect_checked(instance.port, document) as late:
        resume["epoch"] = "another"
        await late.request("authenticate", token=ben.token, resume={**resume, "conversations": {}})
        assert (await late.receive("resync"))["reason"] == "epoch"


async def test_server_sent_events_match_the_document(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """`ready`, durable events with an id, ephemeral events without one, and `resync`."""
    ana, ben = await people.register(2, instance)
    address = f"http://127.0.0.1:{instance.port}/v1/stream"
    async with aiohttp.ClientSession() as session, session.get(address, headers=bearer(ben)) as events:
        assert (await event(document, events)) == ("ready", True)
        await api.group(ana, ben)
        assert (await event(document, events)) == ("conversation.joined", True)
        await api.expect(200, ben, "PATCH", "/v1/users/me", {"bio": "I paint."})
        assert (await event(document, events)) == ("user.updated", False)
    unknown_epoch = {**bearer(ben), "Last-Event-ID": "another.3"}
    async with aiohttp.ClientSession() as session, session.get(address, headers=unknown_epoch) as events:
        assert (await event(document, events)) == ("resync", True)


def bearer(user: RegisteredUser) -> dict[str, str]:
    return {"Authorization": f"Bearer {user.token}"}


async def event(document: Json, events: aiohttp.ClientResponse) -> tuple[str, bool]:
    """Return the type of the next event and whether it has an id."""
    text = (await events.content.readuntil(b"\n\n")).decode()
    fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    frame = msgspec.json.decode(fields["data"])
    assert_valid_event(document, frame)
    return frame["type"], "id" in fields
