"""Tests of announcements, the list of attendees, and checking in over HTTP."""

import asyncio
import csv
import io
import uuid

import pytest

from config.limits import Limits
from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVENTS = "/v1/events"


async def test_user_is_checked_in_with_the_code_of_the_rsvp(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """By a host; only that user's code for that event is taken, and the first time stays."""
    ana, ben, cai = await people.register(3, instance)
    event, other = await api.event(ana), await api.event(ana)
    path = f"{EVENTS}/{event['id']}"
    codes = []
    for person, event_id in ((ben, event["id"]), (cai, event["id"]), (ben, other["id"])):
        codes.append((await api.rsvp(person, event_id))["check_in_code"])
    code = codes[0]
    assert len(set(codes)) == 3
    assert (await api.get(ben, f"{path}/rsvp"))["check_in_code"] == code
    check_in_path = f"{path}/attendance/{ben.id}"
    await api.expect_error("permission.denied", 403, ben, "PUT", check_in_path, {"code": code})
    for wrong in (*codes[1:], code.upper() + "0", "é"):
        await api.expect_error("request.invalid", 422, ana, "PUT", check_in_path, {"code": wrong})
    first = await api.expect(200, ana, "PUT", check_in_path, {"code": code})
    assert first["checked_in_at"]
    assert await api.expect(200, ana, "PUT", check_in_path, {"code": code}) == first
    seen = {
        viewer.id: {one["user"]["id"]: one["checked_in_at"] for one in page["items"]}
        for viewer in (ana, cai)
        for page in [await api.get(viewer, f"{path}/rsvps")]
    }
    assert seen == {
        ana.id: {ben.id: first["checked_in_at"], cai.id: None},
        cai.id: {ben.id: None, cai.id: None},
    }
    await api.rsvp(ben, event["id"], "MAYBE")
    assert (await api.get(ben, f"{path}/rsvp"))["check_in_code"] is None
    await api.expect_error("rsvp.not_found", 404, ana, "PUT", check_in_path, {"code": code})
    await api.rsvp(ben, event["id"])
    assert (await api.get(ben, f"{path}/rsvp"))["checked_in_at"] is None


async def test_attendance_is_exported_without_formulas(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """The users who go, to hosts only; a name that looks like a formula is text."""
    ana, ben, cai = await people.register(3, instance)
    event = await api.event(ana)
    path = f"{EVENTS}/{event['id']}/attendance.csv"
    await api.expect(200, ben, "PATCH", "/v1/users/me", {"display_name": '=HYPERLINK("x"),1'})
    await api.expect(200, ben, "PUT", f"{EVENTS}/{event['id']}/rsvp", {"status": "GOING", "guests": 2})
    await api.rsvp(cai, event["id"], "MAYBE")
    await api.expect_error("permission.denied", 403, ben, "GET", path)

    async def read() -> list[list[str]]:
        status, body, headers = await api.request_bytes(ana, "GET", path)
        assert status == 200
        assert headers["content-type"] == "text/csv; charset=utf-8"
        assert headers["content-disposition"].startswith("attachment")
        return list(csv.reader(io.StringIO(body.decode(), newline="")))

    header, row = await read()
    assert header == ["user_id", "username", "display_name", "guests", "answered_at", "checked_in_at"]
    assert (row[0], row[3], row[5]) == (ben.id, "2", "")
    async with asyncio.timeout(20):
        while (await read())[1][2] != '\'=HYPERLINK("x"),1':
            pass


async def test_announcements_reach_the_conversation_and_are_limited(
    api: ApiClient, instance: Instance, people: RegisteredUsers
) -> None:
    """Only hosts announce; a repeated key announces once."""
    ana, ben = await people.register(2, instance)
    event = await api.event(ana)
    path = f"{EVENTS}/{event['id']}/announcements"
    await api.rsvp(ben, event["id"])
    await api.expect_error("permission.denied", 403, ben, "POST", path, {"content": "x"})
    for wrong in ("", "  ", "x" * 1001):
        await api.expect_error("request.invalid", 422, ana, "POST", path, {"content": wrong})
    key = str(uuid.uuid4())
    body = {"content": " Bring cups "}
    made = await api.expect(201, ana, "POST", path, body, Idempotency_Key=key)
    assert (made["content"], made["author"]["id"], made["event_id"]) == ("Bring cups", ana.id, event["id"])
    assert await api.expect(201, ana, "POST", path, body, Idempotency_Key=key) == made
    await api.wait_for(
        ben,
        "/v1/notifications",
        lambda page: any(one["message"].endswith(": Bring cups") for one in page["items"]),
    )
    await api.wait_for(
        ben,
        f"/v1/conversations/{event['conversation_id']}/messages",
        lambda page: any(one["content"] == "Announcement: Bring cups" for one in page["items"]),
    )
    for _ in range(Limits().event_announcements_per_hour - 1):
        await api.expect(201, ana, "POST", path, {"content": "x"})
    answer = await api.expect_error("rate.limited", 429, ana, "POST", path, {"content": "x"})
    assert answer["retry_after_ms"] > 3_000_000
