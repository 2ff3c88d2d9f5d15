"""Tests of consent to invitations to events, and of blocks between those who are invited."""

from typing import Any

import pytest

from tests.server.registered_users import RegisteredUsers
from tests.server.services.consent_requests import REQUESTS, ROOT, Pair, member_ids, request_ids, set_privacy
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


async def test_invites_ask_too(pair: Pair, people: RegisteredUsers) -> None:
    """The answer is 204 for all; accepting makes the invite, and with it the notification."""
    ana, ben, eve = await people.register(3, pair.first)
    api = pair.api
    await set_privacy(api, ben, invites="known")
    await set_privacy(api, eve, invites="nobody")
    event = await api.event(ana, title="Boules")
    body = {"user_ids": [ben.id, eve.id]}
    await api.expect(204, ana, "POST", f"/v1/events/{event['id']}/invites", body)
    (request,) = (await api.get(ben, REQUESTS))["items"]
    assert request["conversation_id"] == event["conversation_id"]
    assert (request["name"], request["event_id"]) == ("Boules", event["id"])
    assert await request_ids(api, eve) == []
    assert (await api.get(ben, "/v1/notifications"))["items"] == []
    await api.expect(204, ben, "PUT", f"{REQUESTS}/{event['conversation_id']}")
    page = await api.wait_for(ben, "/v1/notifications", lambda page: page["items"])
    assert [(one["type"], one["sender"]["id"]) for one in page["items"]] == [("EVENT_INVITE", ana.id)]
    await api.expect_error("conversation.not_found", 404, ben, "GET", f"{ROOT}/{event['conversation_id']}")


@pytest.mark.parametrize("blocker", ["invitee", "other"])
@pytest.mark.parametrize("between", ["inviter", "creator"])
async def test_invite_does_not_cross_a_block(
    pair: Pair, people: RegisteredUsers, between: str, blocker: str
) -> None:
    """Neither from the inviter, nor to the event of a third user: the inviter does not notice that block."""
    creator, inviter, invitee, bystander = await people.register(4, pair.first)
    api = pair.api
    event = await api.event(creator)
    other = inviter if between == "inviter" else creator
    await (api.block(invitee, other) if blocker == "invitee" else api.block(other, invitee))
    path = f"/v1/events/{event['id']}/invites"
    body = {"user_ids": [invitee.id, bystander.id]}
    if between == "inviter":
        await api.expect_error("user.not_found", 404, inviter, "POST", path, body)
        body = {"user_ids": [bystander.id]}
    await api.expect(204, inviter, "POST", path, body)
    await api.wait_for(bystander, "/v1/notifications", lambda page: page["items"])
    assert (await api.get(invitee, "/v1/notifications"))["items"] == []
    assert await request_ids(api, invitee) == []


async def test_accepted_invite_does_not_cross_a_block(pair: Pair, people: RegisteredUsers) -> None:
    """A block with the event's creator, made after the request, hides the event: 404, and no notification."""
    creator, inviter, invitee = await people.register(3, pair.first)
    api = pair.api
    await set_privacy(api, invitee, invites="known")
    event = await api.event(creator)
    body = {"user_ids": [invitee.id]}
    await api.expect(204, inviter, "POST", f"/v1/events/{event['id']}/invites", body)
    async with connect_peer(pair.second.port) as device:
        await device.open(invitee.token)
        await api.block(creator, invitee)
        assert await request_ids(api, invitee) == []
        removed = await device.next_of("conversation.request_removed")
        assert removed["conversation_id"] == event["conversation_id"]
    path = f"{REQUESTS}/{event['conversation_id']}"
    await api.expect_error("conversation_request.not_found", 404, invitee, "PUT", path)
    assert (await api.get(invitee, "/v1/notifications"))["items"] == []


async def test_group_of_a_third_person_may_hold_both(pair: Pair, people: RegisteredUsers) -> None:
    """A block between two members hides neither from the group; only their own additions are refused."""
    ana, ben, eve = await people.register(3, pair.first)
    api = pair.api
    await api.block(ben, eve)
    group = (await api.group(ana, ben, eve))["id"]
    assert await member_ids(api, ben, group) == {ana.id, ben.id, eve.id}
    body = {"type": "GROUP", "participants": [eve.id], "name": "x"}
    await api.expect_error("user.not_found", 404, ben, "POST", ROOT, body)
