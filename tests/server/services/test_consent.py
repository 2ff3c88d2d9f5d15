"""Tests of consent: who is added or invited directly, who is asked, and what the one who adds can tell."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from actors.conversations import peer_checker
from storage.embedded import StoreUrls
from tests.server.api_client import ApiClient
from tests.server.registered_users import PASSWORD, RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.services.consent_requests import (
    REQUESTS,
    ROOT,
    Pair,
    add,
    authenticate,
    member_ids,
    request_ids,
    set_privacy,
)
from tests.server.websocket.peer import connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
WAIT_TIMEOUT_S = 30.0


async def test_unacquainted_users_ask_first(pair: Pair, people: RegisteredUsers) -> None:
    """The one who creates a group sees who was asked, and not which setting the reason is."""
    ana, open_, known, closed = await people.register(4, pair.first)
    api = pair.api
    await set_privacy(api, known, groups="known")
    await set_privacy(api, closed, groups="nobody")
    made = await api.group(ana, open_, known, closed)
    assert {card["id"] for card in made["participants"]} == {ana.id, open_.id}
    assert made["member_count"] == 2
    assert made["requested"] == [known.id, closed.id]
    assert await request_ids(api, known) == [made["id"]]
    assert await request_ids(api, closed) == []
    (request,) = (await api.get(known, REQUESTS))["items"]
    assert request["requested_by"]["id"] == ana.id
    assert (request["name"], request["event_id"]) == ("a group", None)
    for user in (known, closed):
        await api.expect_error("conversation.not_found", 404, user, "GET", f"{ROOT}/{made['id']}")
    other = (await api.group(ana))["id"]
    answers = [
        await api.request(ana, "PUT", f"{ROOT}/{other}/participants/{user.id}") for user in (known, closed)
    ]
    assert [(status, body["user_id"]) for status, body, _ in answers] == [(202, known.id), (202, closed.id)]
    assert await add(api, ana, other, open_) == 204


async def test_followed_and_contacted_users_are_known(pair: Pair, people: RegisteredUsers) -> None:
    """`known`: I follow them, share a group, or opened or wrote in our direct conversation."""
    ana, *others = await people.register(6, pair.first)
    follows, shares, opened, wrote, only_written_to = others
    api = pair.api
    await api.group(ana, shares)
    await api.direct(opened, ana)
    direct = (await api.direct(ana, wrote))["id"]
    await api.send(wrote, direct, "hello")
    silent = (await api.direct(ana, only_written_to))["id"]
    await api.send(ana, silent, "let me in")
    await api.follow(follows, ana)
    for user in others:
        await set_privacy(api, user, groups="known")
    group = (await api.group(ana))["id"]
    for user in (follows, shares, opened):
        assert await add(api, ana, group, user) == 204, user.username
    # What somebody wrote counts once the summary of the conversation is saved.
    async with asyncio.timeout(WAIT_TIMEOUT_S):
        while await add(api, ana, group, wrote) != 204:
            pass
    assert await add(api, ana, group, only_written_to) == 202


async def test_request_is_live_on_all_devices_and_resumable(pair: Pair, people: RegisteredUsers) -> None:
    """Also on another instance; declining on one device removes it on the other."""
    ana, ben = await people.register(2, pair.first)
    api = pair.api
    await set_privacy(api, ben, groups="known")
    async with connect_peer(pair.first.port) as phone, connect_peer(pair.second.port) as laptop:
        await phone.open(ben.token)
        ready = await authenticate(laptop, ben)
        group = (await api.group(ana, ben))["id"]
        for device in (phone, laptop):
            frame = await device.next_of("conversation.requested")
            assert frame["request"]["conversation_id"] == group
            assert frame["position"] == ready["position"] + 1
        await pair.api_of_second.expect(204, ben, "DELETE", f"{REQUESTS}/{group}")
        for device in (phone, laptop):
            assert (await device.next_of("conversation.request_removed"))["conversation_id"] == group
    assert await request_ids(api, ben) == []
    async with connect_peer(pair.second.port) as again:
        resume = {
            "session_id": ready["session_id"],
            "epoch": ready["epoch"],
            "position": ready["position"],
            "conversations": {},
        }
        await authenticate(again, ben, resume=resume)
        assert (await again.next_of("conversation.requested"))["request"]["conversation_id"] == group


async def test_accepting_joins_as_by_the_one_who_asked(pair: Pair, people: RegisteredUsers) -> None:
    """A SYSTEM message says who added whom; the request is gone, and accepting again is 404."""
    ana, ben = await people.register(2, pair.first)
    api = pair.api
    await set_privacy(api, ben, groups="known")
    group = (await api.group(ana, ben))["id"]
    await pair.api_of_second.expect(204, ben, "PUT", f"{REQUESTS}/{group}")
    assert await member_ids(api, ben, group) == {ana.id, ben.id}
    history = (await api.get(ben, f"{ROOT}/{group}/messages"))["items"]
    assert history[0]["content"] == f"@{ana.username} added @{ben.username}"
    assert await request_ids(api, ben) == []
    for method in ("PUT", "DELETE"):
        code = "conversation_request.not_found"
        await api.expect_error(code, 404, ben, method, f"{REQUESTS}/{group}")


async def test_request_of_a_former_admin_cannot_be_accepted(pair: Pair, people: RegisteredUsers) -> None:
    """The user who asked must still be able to add; the request is deleted then."""
    ana, ben, eve = await people.register(3, pair.first)
    api = pair.api
    await set_privacy(api, ben, groups="known")
    group = (await api.group(ana, ben, eve))["id"]
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"admins": [eve.id]})
    code = "conversation_request.not_found"
    await api.expect_error(code, 404, ben, "PUT", f"{REQUESTS}/{group}")
    assert await request_ids(api, ben) == []
    assert await member_ids(api, eve, group) == {ana.id, eve.id}


async def test_repeated_creation_asks_no_user_who_joined(pair: Pair, people: RegisteredUsers) -> None:
    """A retry with the same idempotency key, after settings changed, answers who is still asked."""
    ana, ben, eve = await people.register(3, pair.first)
    api = pair.api
    await set_privacy(api, ben, groups="known")
    await set_privacy(api, eve, groups="known")
    body = {"type": "GROUP", "participants": [ben.id, eve.id], "name": "x"}
    key = {"Idempotency_Key": uuid4().hex}
    made = await api.expect(201, ana, "POST", ROOT, body, **key)
    assert made["requested"] == [ben.id, eve.id]
    await api.expect(204, ben, "PUT", f"{REQUESTS}/{made['id']}")
    await set_privacy(api, ben, groups="nobody")
    again = await pair.api_of_second.expect(201, ana, "POST", ROOT, body, **key)
    assert (again["id"], again["requested"]) == (made["id"], [eve.id])
    assert await request_ids(api, ben) == []
    assert await request_ids(api, eve) == [made["id"]]


async def test_declined_request_is_not_made_again(pair: Pair, people: RegisteredUsers) -> None:
    """The one who asks gets the same answer each time, and the recipient hears nothing more."""
    ana, ben = await people.register(2, pair.first)
    api = pair.api
    await set_privacy(api, ben, groups="known")
    group = (await api.group(ana, ben))["id"]
    await api.expect(204, ben, "DELETE", f"{REQUESTS}/{group}")
    for _ in range(2):
        assert await add(api, ana, group, ben) == 202
    assert await request_ids(api, ben) == []
    await api.follow(ben, ana)
    assert await add(api, ana, group, ben) == 204


async def test_one_who_left_comes_back_by_accepting_only(pair: Pair, people: RegisteredUsers) -> None:
    """Also with open settings and by another admin. One whom an admin removed may be added again."""
    ana, ben, eve = await people.register(3, pair.first)
    api = pair.api
    group = (await api.group(ana, ben, eve))["id"]
    await api.expect(200, ana, "PATCH", f"{ROOT}/{group}", {"admins": [ana.id, eve.id]})
    await api.expect(204, ben, "DELETE", f"{ROOT}/{group}/participants/{ben.id}")
    assert await add(pair.api_of_second, ana, group, ben) == 202
    assert await add(api, eve, group, ben) == 202
    assert await member_ids(api, ana, group) == {ana.id, eve.id}
    assert await request_ids(api, ben) == [group]
    await api.expect(204, ben, "PUT", f"{REQUESTS}/{group}")
    assert await member_ids(api, ben, group) == {ana.id, ben.id, eve.id}
    await api.expect(204, ana, "DELETE", f"{ROOT}/{group}/participants/{ben.id}")
    assert await add(api, ana, group, ben) == 204


async def test_block_withdraws_requests(pair: Pair, people: RegisteredUsers) -> None:
    """In both directions, at once in the list, and for good: an unblock does not bring them back."""
    ana, ben = await people.register(2, pair.first)
    api = pair.api
    for blocker, blocked in ((ana, ben), (ben, ana)):
        await set_privacy(api, ben, groups="known")
        async with connect_peer(pair.second.port) as device:
            await device.open(ben.token)
            group = (await api.group(ana, ben))["id"]
            await device.next_of("conversation.requested")
            await api.block(blocker, blocked)
            assert await request_ids(api, ben) == []
            code = "conversation_request.not_found"
            await api.expect_error(code, 404, ben, "PUT", f"{REQUESTS}/{group}")
            assert (await device.next_of("conversation.request_removed"))["conversation_id"] == group
        await api.unblock(blocker, blocked)
        assert await request_ids(api, ben) == []


async def test_messages_to_a_deleted_account_are_refused(
    pair: Pair, people: RegisteredUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """409 `conversation.read_only` for sends and edits on every instance; reading and deleting still work."""
    monkeypatch.setattr(peer_checker, "EXISTENCE_TTL_S", 0.1)
    ana, ben = await people.register(2, pair.first)
    api = pair.api
    direct = (await api.direct(ana, ben))["id"]
    own = await api.send(ana, direct, "hello")
    theirs = await api.send(ben, direct, "hi")
    await api.expect(204, ben, "DELETE", "/v1/users/me", {"current_password": PASSWORD})
    for each in (api, pair.api_of_second):
        await each.wait_for(
            ana,
            f"{ROOT}/{direct}/messages/{own['id']}",
            lambda problem: problem["code"] == "conversation.read_only",
            status=409,
            timeout_s=WAIT_TIMEOUT_S,
            method="PATCH",
            request_body={"content": "anyone there?"},
        )
        path, body = f"{ROOT}/{direct}/messages", {"client_id": uuid4().hex, "content": "anyone there?"}
        await each.expect_error("conversation.read_only", 409, ana, "POST", path, body)
    await api.expect(200, ana, "PUT", f"{ROOT}/{direct}/read", {"seq": theirs["seq"]})
    await api.expect(204, ana, "DELETE", f"{ROOT}/{direct}/messages/{own['id']}")


async def test_additions_are_limited_by_actor_and_recipient(
    stores: StoreUrls, people: RegisteredUsers
) -> None:
    """429 with the time to wait; a victim of many actors is protected, and others are not affected."""
    limits: dict[str, Any] = {
        "additions_per_s": 0.01,
        "additions_burst": 5,
        "additions_per_recipient_per_s": 0.01,
        "additions_per_recipient_burst": 3,
    }
    async with running_instance(stores, **limits) as instance, ApiClient(instance) as api:
        ana, ben, victim, *others = await people.register(7, instance)
        for _ in range(3):
            await api.group(ana, victim)
        body = {"type": "GROUP", "participants": [victim.id]}
        for actor in (ana, ben):
            problem = await api.expect_error("rate.limited", 429, actor, "POST", ROOT, body)
            assert 0 < problem["retry_after_ms"] <= 100_000
        event = await api.event(ben)
        path = f"/v1/events/{event['id']}/invites"
        await api.expect_error("rate.limited", 429, ben, "POST", path, {"user_ids": [victim.id]})
        await api.group(ben, *others)
        too_many = {"type": "GROUP", "participants": [one.id for one in others]}
        await api.expect_error("rate.limited", 429, ben, "POST", ROOT, too_many)
        await api.group(ana, ben, others[0])


async def test_limited_addition_leaves_the_key_unused(stores: StoreUrls, people: RegisteredUsers) -> None:
    """Another group can be created with it."""
    async with running_instance(stores, additions_per_s=0.01, additions_burst=1) as instance:
        ana, ben, eve, dan = await people.register(4, instance)
        async with ApiClient(instance) as api:
            await api.group(ana, ben)
            key = uuid4().hex
            limited = {"type": "GROUP", "participants": [eve.id, dan.id]}
            status, _, _ = await api.request(ana, "POST", ROOT, limited, Idempotency_Key=key)
            assert status == 429
            alone = {"type": "GROUP", "participants": []}
            status, body, _ = await api.request(ana, "POST", ROOT, alone, Idempotency_Key=key)
            assert status == 201, body


async def test_removal_by_an_admin_holds_against_the_rsvp(pair: Pair, people: RegisteredUsers) -> None:
    """INTERESTED and GOING do not bring back; a new invite of the creator does, and so does an admin."""
    ana, ben = await people.register(2, pair.first)
    api = pair.api
    event = await api.event(ana)
    conversation = event["conversation_id"]
    path = f"{ROOT}/{conversation}"

    async def is_member(after: str) -> bool:
        """Whether he is a member once the answer, and one of another user after it, were handled."""
        (marker,) = await people.register(1, pair.first)
        await api.rsvp(marker, event["id"])
        await api.wait_for(marker, path, lambda _: True)
        status, _, _ = await api.request(ben, "GET", path)
        assert status in {200, 404}, after
        return status == 200

    await api.rsvp(ben, event["id"])
    await api.wait_for(ben, path, lambda _: True)
    await api.expect(204, ana, "DELETE", f"{path}/participants/{ben.id}")
    await api.rsvp(ben, event["id"], "INTERESTED")
    await api.rsvp(ben, event["id"], "GOING")
    assert not await is_member("removed")
    body = {"user_ids": [ben.id]}
    await api.expect(204, ana, "POST", f"/v1/events/{event['id']}/invites", body)
    await api.wait_for(ben, path, lambda _: True)

    await api.expect(204, ana, "DELETE", f"{path}/participants/{ben.id}")
    assert not await is_member("removed again")
    # The invite is repeated, which counts as a new one.
    await api.expect(204, ana, "POST", f"/v1/events/{event['id']}/invites", body)
    await api.wait_for(ben, path, lambda _: True)

    await api.expect(204, ana, "DELETE", f"{path}/participants/{ben.id}")
    assert await add(api, ana, conversation, ben) == 204

    await api.expect(204, ben, "DELETE", f"{path}/participants/{ben.id}")
    assert await add(api, ana, conversation, ben) == 202
    assert not await is_member("left")
    await api.rsvp(ben, event["id"], "INTERESTED")
    await api.rsvp(ben, event["id"], "GOING")
    await api.wait_for(ben, path, lambda _: True)
