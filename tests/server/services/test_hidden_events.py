"""Tests of events that moderators have hidden: what their creator can do, and their conversations."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
EVENTS = "/v1/events"
WEEKLY: Json = {
    "start_datetime": "2045-10-17T18:30:00Z",
    "end_datetime": "2045-10-17T20:00:00Z",
    "rrule": "FREQ=WEEKLY;COUNT=4",
}


async def act(api: ApiClient, admin: RegisteredUser, type_: str, event_id: str) -> None:
    body = {"type": type_, "kind": "event", "id": event_id, "reason": "a reason"}
    await api.expect(201, admin, "POST", "/v1/admin/actions", body)


async def list_events(api: ApiClient, user: RegisteredUser) -> list[Json]:
    return await api.collect_pages(user, f"{EVENTS}?mine=hosting", 50)


async def test_conversation_of_hidden_event_cannot_be_read(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> None:
    """404 for all but the creator, co-hosts included, until the event is restored; then as before."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana)
    messages = f"/v1/conversations/{event['conversation_id']}/messages"
    await api.rsvp(ben, event["id"])
    await api.expect(204, ana, "PUT", f"{EVENTS}/{event['id']}/hosts/{cai.id}")
    conversation = f"/v1/conversations/{event['conversation_id']}"
    await api.wait_for(ana, conversation, lambda found: found["member_count"] == 3)
    await act(api, admin, "hide", event["id"])
    await api.wait_for(ana, conversation, lambda found: found["member_count"] == 1)
    for user in (ben, cai):
        for path in (conversation, messages):
            await api.expect_error("conversation.not_found", 404, user, "GET", path)
        await api.expect_error("event.not_found", 404, user, "GET", f"{EVENTS}/{event['id']}")
    await act(api, admin, "restore", event["id"])
    await api.wait_for(ana, conversation, lambda found: found["member_count"] == 3)
    texts = [one["content"] for one in (await api.get(ben, messages))["items"]]
    assert "Moderators have restored this event" in texts


@pytest.mark.parametrize("scope", ["one", "following", "all"])
async def test_creator_deletes_hidden_event_with_any_scope(
    scope: str, api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> None:
    """And cannot change it; for others, co-hosts included, it does not exist."""
    ana, ben = await people.register(2, instance)
    await api.event(ana, **WEEKLY)
    events = await list_events(api, ana)
    path = f"{EVENTS}/{events[1]['id']}"
    await api.expect(204, ana, "PUT", f"{path}/hosts/{ben.id}")
    await act(api, admin, "hide", events[1]["id"])
    for user in (ana, ben):
        await api.expect_error(
            "event.not_found", 404, user, "PATCH", f"{path}?scope={scope}", {"title": "New"}
        )
    await api.expect_error("event.not_found", 404, ben, "DELETE", f"{path}?scope={scope}")
    await api.expect(204, ana, "DELETE", f"{path}?scope={scope}")
    rest = {"one": [0, 2, 3], "following": [0], "all": []}[scope]
    assert [one["id"] for one in await list_events(api, ana)] == [events[number]["id"] for number in rest]
    await api.expect_error("event.not_found", 404, ana, "GET", path)


async def test_change_of_series_leaves_hidden_event(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> None:
    """It is as it was when it is restored, though the others were moved."""
    (ana,) = await people.register(1, instance)
    await api.event(ana, **WEEKLY, title="Old")
    events = await list_events(api, ana)
    await act(api, admin, "hide", events[2]["id"])
    moved = {
        name: (datetime.fromisoformat(events[1][name]) + timedelta(hours=1)).isoformat()
        for name in ("start_datetime", "end_datetime")
    }
    path = f"{EVENTS}/{events[1]['id']}?scope=all"
    await api.expect(200, ana, "PATCH", path, {"title": "New", **moved})
    await act(api, admin, "restore", events[2]["id"])
    found = await list_events(api, ana)
    assert [one["title"] for one in found] == ["New", "New", "Old", "New"]
    assert [one["start_datetime"][11:16] for one in found] == ["19:30", "19:30", "18:30", "19:30"]
    assert len({one["series"]["id"] for one in found}) == 1
