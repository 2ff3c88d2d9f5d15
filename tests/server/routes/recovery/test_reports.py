"""Reports to the moderators, over real HTTP and PostgreSQL."""

import asyncio
from typing import Any

import pytest

from storage.contracts.moderation import ReportKind
from tests.server.routes.recovery.mail_user_service import MailUserService

Database = Any
PATH = "/v1/reports"
ROWS = "SELECT reporter_id::text, kind, target_id, reason, resolved_at FROM reports"


def report(**changes: Any) -> dict[str, Any]:
    return {"kind": "post", "id": "p1", "reason": "Not nice.", **changes}


async def report_with_key(service: MailUserService, token: str, key: str, body: dict[str, Any]) -> int:
    """Send it under an idempotency key."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    response = await service.client.post(PATH, json=body, headers=headers)
    return response.status


@pytest.mark.parametrize("kind", list(ReportKind))
async def test_report_reaches_the_moderators(
    service: MailUserService, database: Database, kind: ReportKind
) -> None:
    """What may be seen may be reported, whatever it is; the reason is trimmed."""
    ana = await service.register("ana")
    service.visible_targets.add((kind, "x-1"))
    body = report(kind=kind.value, id="x-1", reason="  Not nice.\nNot at all. ")
    await service.expect(202, "POST", PATH, body, ana["token"])
    rows = [tuple(row) for row in await database.fetch(ROWS)]
    assert rows == [(ana["user"]["id"], kind.value, "x-1", "Not nice.\nNot at all.", None)]
    (listed,) = (await service.moderation.list_open_reports(None, 10)).items
    assert (listed.reporter_id, listed.kind, listed.target_id) == (ana["user"]["id"], kind, "x-1")


async def test_telling_it_again_changes_nothing(service: MailUserService, database: Database) -> None:
    """The same person and target: 202 each time, also at once, one report, the first reason."""
    ana, ben = await service.register("ana"), await service.register("ben")
    service.visible_targets.add((ReportKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    await asyncio.gather(
        *(service.expect(202, "POST", PATH, report(reason=f"Reason {n}."), ana["token"]) for n in range(8))
    )
    await service.expect(202, "POST", PATH, report(reason="I too."), ben["token"])
    reasons = await database.fetch("SELECT reason FROM reports ORDER BY created_at")
    assert [row["reason"] for row in reasons] == ["Not nice.", "I too."]


async def test_resolved_report_stays_resolved(service: MailUserService) -> None:
    """Who tells again what was dealt with, also what is hidden by now, hears the same and reopens nothing."""
    ana = await service.register("ana")
    service.visible_targets.add((ReportKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    (listed,) = (await service.moderation.list_open_reports(None, 10)).items
    await service.moderation.resolve_report(listed.id, "hidden")
    service.visible_targets.clear()
    await service.expect(202, "POST", PATH, report(), ana["token"])
    assert (await service.moderation.list_open_reports(None, 10)).items == []


@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("target", ["unseen", "", "x" * 65, "p\x00", "é", "p1\n"])
async def test_what_is_not_seen_is_not_there(
    service: MailUserService, database: Database, kind: ReportKind, target: str
) -> None:
    """404 by its kind, and nothing is stored: nobody learns by it what exists."""
    ana = await service.register("ana")
    service.visible_targets.add((kind, "p1"))
    body = report(kind=kind.value, id=target)
    await service.expect_error(f"{kind.value}.not_found", "POST", PATH, body, ana["token"])
    assert await database.fetch(ROWS) == []


async def test_same_id_of_another_kind_is_another_thing(service: MailUserService) -> None:
    """Who may see a post of that id may not see a message of it."""
    ana = await service.register("ana")
    service.visible_targets.add((ReportKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    await service.expect_error("message.not_found", "POST", PATH, report(kind="message"), ana["token"])


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("kind", "required"), ("id", "required"), ("reason", "required")}),
        (report(kind="event"), {("kind", "type")}),
        (report(kind=None), {("kind", "type")}),
        (report(id=7), {("id", "type")}),
        (report(reason=""), {("reason", "too_short")}),
        (report(reason=" \n\t "), {("reason", "too_short")}),
        (report(reason="x" * 501), {("reason", "too_long")}),
        (report(reason="\x00"), {("reason", "invalid")}),
        (report(reason="a\x1bb"), {("reason", "invalid")}),
        (report(reason=["x"]), {("reason", "type")}),
        (report(kind="POST", reason=""), {("kind", "type"), ("reason", "too_short")}),
        ([], {("", "type")}),
    ],
)
async def test_faulty_reports_are_told_whole(
    service: MailUserService, database: Database, body: Any, faults: set[tuple[str, str]]
) -> None:
    """All faults at once, each at its field; nothing is stored."""
    ana = await service.register("ana")
    service.visible_targets.add((ReportKind.POST, "p1"))
    problem = await service.expect_error("request.invalid", "POST", PATH, body, ana["token"])
    assert {(fault["field"], fault["code"]) for fault in problem["errors"]} == faults
    assert await database.fetch(ROWS) == []


@pytest.mark.parametrize("reason", ["x" * 500, "😀" * 500, "  " + "x" * 500 + "  ", "x"])
async def test_longest_reasons_are_taken(service: MailUserService, database: Database, reason: str) -> None:
    """500 characters count by code points, after trimming."""
    ana = await service.register("ana")
    service.visible_targets.add((ReportKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(reason=reason), ana["token"])
    assert await database.fetchval("SELECT reason FROM reports") == reason.strip()


async def test_key_holds_for_one_report(service: MailUserService, database: Database) -> None:
    """The same key and body is 202 again; with another body 409, and nothing of it is stored."""
    ana, ben = await service.register("ana"), await service.register("ben")
    service.visible_targets |= {(ReportKind.POST, "p1"), (ReportKind.POST, "p2")}
    assert [await report_with_key(service, ana["token"], "k", report()) for _ in range(2)] == [202, 202]
    assert await report_with_key(service, ana["token"], "k", report(id="p2")) == 409
    assert await report_with_key(service, ana["token"], "other", report(id="p2")) == 202
    assert await report_with_key(service, ben["token"], "k", report(id="p2")) == 202
    assert await database.fetchval("SELECT count(*) FROM reports") == 3


async def test_only_people_report(service: MailUserService) -> None:
    """Without a token nobody is told anything."""
    await service.expect_error("auth.required", "POST", PATH, report())


async def test_report_outlives_its_reporter(service: MailUserService, database: Database) -> None:
    """An account that goes takes nothing from the moderators."""
    ana = await service.register("ana")
    await service.wait_until_idle()
    service.visible_targets.add((ReportKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    await database.execute("DELETE FROM users")
    (listed,) = (await service.moderation.list_open_reports(None, 10)).items
    assert (listed.reporter_id, listed.reason) == (None, "Not nice.")
    assert await database.fetchval("SELECT count(*) FROM mail_tokens") == 0
