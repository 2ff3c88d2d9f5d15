"""What a real server says, held against the document that it publishes."""

from typing import Any

import aiohttp
import msgspec
import pytest

from config.limits import Limits
from run import Instance
from server.api_docs.asyncapi import asyncapi_document
from tests.server.api_client import ApiClient
from tests.server.api_docs.checked_peer import connect_checked
from tests.server.api_docs.document_checks import assert_valid_event
from tests.server.registered_users import RegisteredUser, RegisteredUsers

Json = Any


@pytest.fixture(scope="module")
def document() -> Json:
    return msgspec.json.decode(msgspec.json.encode(asyncapi_document("1", "http://convene.test", Limits())))


async def test_everything_said_in_a_group_is_as_published(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Sent, typed, read, reacted to, edited, deleted; somebody comes and goes: every answer, every frame."""
    ana, ben, eve = await people.register(3, instance)
    group = (await api.group(ana, ben))["id"]
    place = f"/v1/conversations/{group}/participants/{eve.id}"
    async with (
        connect_checked(instance.port, document) as anas,
        connect_checked(instance.port, document, ben) as bens,
        connect_checked(instance.port, document, eve) as eves,
    ):
        ready = await anas.request("authenticate", token=ana.token)
        assert ready["type"] == "ready"
        sent = await anas.expect_ok("message.send", conversation_id=group, client_id="c", content="hello")
        await bens.expect_ok("typing", conversation_id=group, active=True)
        assert (await anas.receive("typing"))["active"] is True
        named = {"conversation_id": group, "message_id": sent["message_id"]}
        for witnessing in (anas, bens):
            assert (await witnessing.receive("message.created"))["seq"] == sent["seq"]
        await bens.expect_ok("conversation.read", conversation_id=group, seq=sent["seq"])
        await bens.receive("conversation.marked")
        assert (await anas.receive("conversation.read"))["user_id"] == ben.id
        for kind, fields in (
            ("reaction.add", {"emoji": "\N{THUMBS UP SIGN}"}),
            ("reaction.remove", {"emoji": "\N{THUMBS UP SIGN}"}),
        ):
            changed = await bens.expect_ok(kind, **named, **fields)
            assert (await anas.receive("message.updated"))["seq"] == changed["seq"]
        await anas.expect_ok("message.edit", **named, content="hello all")
        await bens.receive("message.updated")
        await anas.expect_ok("message.delete", **named)
        await bens.receive("message.updated")
        await api.expect(204, ana, "PUT", place)
        assert (await eves.receive("conversation.joined"))["conversation"]["id"] == group
        assert (await bens.receive("conversation.updated"))["changed"]["joined"][0]["id"] == eve.id
        await api.expect(204, eve, "DELETE", place)
        assert (await eves.receive("conversation.left"))["conversation_id"] == group
        assert (await bens.receive("conversation.updated"))["changed"]["left"] == [eve.id]
        assert (await bens.request("message.edit", **named, content="mine"))["type"] == "error"
        assert (await eves.request("message.delete", **named))["type"] == "error"


async def test_everything_told_to_a_person_is_as_published(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Notifications, presence and hints; what one is not known by, and the last word."""
    ana, ben = await people.register(2, instance)
    async with (
        connect_checked(instance.port, document, ana) as anas,
        connect_checked(instance.port, document, ben) as bens,
    ):
        await api.follow(ana, ben)
        made = await bens.receive("notification.created")
        assert made["notification"]["type"] == "FOLLOW"
        await api.expect(204, ben, "PUT", "/v1/notifications/read")
        assert (await bens.receive("notification.read"))["ids"] is None
        found = await anas.expect_ok("presence.watch", user_ids=[ben.id])
        assert found["presences"][0]["user_id"] == ben.id
        await bens.expect_ok("presence.set", status="away")
        assert (await anas.receive("presence.changed"))["presences"][0]["user_id"] == ben.id
        await bens.expect_ok("ping")
        await api.expect(200, ben, "PATCH", "/v1/users/me", {"bio": "I paint."})
        assert (await bens.receive("user.updated"))["user"]["bio"] == "I paint."
        await api.post(ben, "First snow.")
        assert (await anas.receive("feed.post_created"))["post"]["content"] == "First snow."
        event = await api.event(ben)
        await api.rsvp(ana, event["id"])
        await api.expect(200, ben, "PATCH", f"/v1/events/{event['id']}", {"title": "Breakfast"})
        assert (await anas.receive("event.updated"))["event"]["title"] == "Breakfast"
        assert (await bens.send_invalid_frame())["code"] == 4500


async def test_what_is_told_at_a_resume_is_as_published(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The missed frames and `resumed`; or `resync`, and what one is no longer in."""
    ana, ben = await people.register(2, instance)
    group = (await api.group(ana, ben))["id"]
    async with connect_checked(instance.port, document) as first:
        ready = await first.request("authenticate", token=ben.token)
    seq = (await api.send(ana, group, "missed"))["seq"]
    place = {"session_id": ready["session_id"], "epoch": ready["epoch"], "position": ready["position"]}
    async with connect_checked(instance.port, document) as again:
        known = {group: seq - 1, "0123456789abcdef01234567": 3}
        await again.request("authenticate", token=ben.token, resume={**place, "conversations": known})
        assert (await again.receive("conversation.left"))["conversation_id"] != group
        assert (await again.receive("message.created"))["seq"] == seq
        assert (await again.receive("resumed"))["last_seqs"] == {group: seq}
    async with connect_checked(instance.port, document) as late:
        place["epoch"] = "another"
        await late.request("authenticate", token=ben.token, resume={**place, "conversations": {}})
        assert (await late.receive("resync"))["reason"] == "epoch"


async def test_everything_told_by_events_is_as_published(
    document: Json, api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Where the stream begins, what is durable with an id and what is a hint without one."""
    ana, ben = await people.register(2, instance)
    address = f"http://127.0.0.1:{instance.port}/v1/stream"
    async with aiohttp.ClientSession() as session, session.get(address, headers=bearer(ben)) as events:
        assert (await event(document, events)) == ("ready", True)
        await api.group(ana, ben)
        assert (await event(document, events)) == ("conversation.joined", True)
        await api.expect(200, ben, "PATCH", "/v1/users/me", {"bio": "I paint."})
        assert (await event(document, events)) == ("user.updated", False)
    lost = {**bearer(ben), "Last-Event-ID": "another.3"}
    async with aiohttp.ClientSession() as session, session.get(address, headers=lost) as events:
        assert (await event(document, events)) == ("resync", True)


def bearer(person: RegisteredUser) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}


async def event(document: Json, events: aiohttp.ClientResponse) -> tuple[str, bool]:
    """The type of the next event, and whether it has an id."""
    told = (await events.content.readuntil(b"\n\n")).decode()
    fields = dict(line.split(": ", 1) for line in told.strip().split("\n"))
    frame = msgspec.json.decode(fields["data"])
    assert_valid_event(document, frame)
    return frame["type"], "id" in fields
