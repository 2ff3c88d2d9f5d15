"""Tests of reports to the moderators, over HTTP and PostgreSQL."""

import asyncio
from typing import Any

import pytest

from storage.contracts.moderation import TargetKind
from tests.server.routes.recovery.mail_user_service import MailUserService

Database = Any
PATH = "/v1/reports"
ROWS = "SELECT reporter_id::text, kind, target_id, reason, resolved_at FROM reports"


def report(**changes: Any) -> dict[str, Any]:
    return {"kind": "post", "id": "p1", "reason": "Not nice.", **changes}


async def report_with_key(service: MailUserService, token: str, key: str, body: dict[str, Any]) -> int:
    """Send a report with an idempotency key."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    response = await service.client.post(PATH, json=body, headers=headers)
    return response.status


@pytest.mark.parametrize("kind", list(TargetKind))
async def test_report_reaches_the_moderators(
    service: MailUserService, database: Database, kind: TargetKind
) -> None:
    """Anything visible can be reported; the reason is trimmed."""
    ana = await service.register("ana")
    service.visible_targets.add((kind, "x-1"))
    body = report(kind=kind.value, id="x-1", reason="  Not nice.\nNot at all. ")
    await service.expect(202, "POST", PATH, body, ana["token"])
    rows = [tuple(row) for row in await database.fetch(ROWS)]
    assert rows == [(ana["user"]["id"], kind.value, "x-1", "Not nice.\nNot at all.", None)]
    (listed,) = (await service.moderation.list_open_reports(None, 10)).items
    assert (listed.reporter_id, listed.kind, listed.target_id) == (ana["user"]["id"], kind, "x-1")


async def test_repeated_report_has_no_effect(service: MailUserService, database: Database) -> None:
    """202 each time, also concurrently; one report with the first reason is stored."""
    ana, ben = await service.register("ana"), await service.register("ben")
    service.visible_targets.add((TargetKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    await asyncio.gather(
        *(service.expect(202, "POST", PATH, report(reason=f"Reason {n}."), ana["token"]) for n in range(8))
    )
    await service.expect(202, "POST", PATH, report(reason="I too."), ben["token"])
    reasons = await database.fetch("SELECT reason FROM reports ORDER BY created_at")
    assert [row["reason"] for row in reasons] == ["Not nice.", "I too."]


async def test_open_reports_of_a_user_are_bounded(
    service: MailUserService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more is refused, until one is resolved; the same again, and those of others, are not."""
    monkeypatch.setattr("actors.moderation.reports.REPORTS_OPEN_MAX", 2)
    ana, ben = await service.register("ana"), await service.register("ben")
    for number in range(3):
        service.visible_targets.add((TargetKind.POST, f"p{number}"))
    for target in ("p0", "p1", "p1"):
        await service.expect(202, "POST", PATH, report(id=target), ana["token"])
    for target in ("p2", "unseen"):
        refused = await service.expect(429, "POST", PATH, report(id=target), ana["token"])
        assert refused["code"] == "rate.limited"
    await service.expect(202, "POST", PATH, report(id="p2"), ben["token"])
    listed, *_ = (await service.moderation.list_open_reports(None, 10)).items
    await service.moderation.resolve_report(listed.id, "hidden")
    await service.expect(202, "POST", PATH, report(id="p2"), ana["token"])


async def test_resolved_report_stays_resolved(service: MailUserService) -> None:
    """Reporting a resolved or hidden target again is 202 and reopens nothing."""
    ana = await service.register("ana")
    service.visible_targets.add((TargetKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    (listed,) = (await service.moderation.list_open_reports(None, 10)).items
    await service.moderation.resolve_report(listed.id, "hidden")
    service.visible_targets.clear()
    await service.expect(202, "POST", PATH, report(), ana["token"])
    assert (await service.moderation.list_open_reports(None, 10)).items == []


@pytest.mark.parametrize("kind", list(TargetKind))
@pytest.mark.parametrize("target", ["unseen", "", "x" * 65, "p\x00", "é", "p1\n"])
async def test_invisible_target_is_not_found(
    service: MailUserService, database: Database, kind: TargetKind, target: str
) -> None:
    """404 by kind and nothing stored, so reports do not reveal what exists."""
    ana = await service.register("ana")
    service.visible_targets.add((kind, "p1"))
    body = report(kind=kind.value, id=target)
    await service.expect_error(f"{kind.value}.not_found", "POST", PATH, body, ana["token"])
    assert await database.fetch(ROWS) == []


async def test_target_kind_is_checked(service: MailUserService) -> None:
    """A visible post id does not allow a report of a message with that id."""
    ana = await service.register("ana")
    service.visible_targets.add((TargetKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    await service.expect_error("message.not_found", "POST", PATH, report(kind="message"), ana["token"])


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {("kind", "required"), ("id", "required"), ("reason", "required")}),
        (report(kind="group"), {("kind", "type")}),
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
async def test_all_field_errors_are_reported(
    service: MailUserService, database: Database, body: Any, faults: set[tuple[str, str]]
) -> None:
    """Each with its field; nothing is stored."""
    ana = await service.register("ana")
    service.visible_targets.add((TargetKind.POST, "p1"))
    problem = await service.expect_error("request.invalid", "POST", PATH, body, ana["token"])
    assert {(fault["field"], fault["code"]) for fault in problem["errors"]} == faults
    assert await database.fetch(ROWS) == []


@pytest.mark.parametrize("reason", ["x" * 500, "😀" * 500, "  " + "x" * 500 + "  ", "x"])
async def test_reason_of_500_characters_is_accepted(
    service: MailUserService, database: Database, reason: str
) -> None:
    """Counted in code points, after trimming."""
    ana = await service.register("ana")
    service.visible_targets.add((TargetKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(reason=reason), ana["token"])
    assert await database.fetchval("SELECT reason FROM reports") == reason.strip()


async def test_idempotency_key_applies_to_one_report(service: MailUserService, database: Database) -> None:
    """The same key and body is 202; with another body it is 409 and nothing is stored."""
    ana, ben = await service.register("ana"), await service.register("ben")
    service.visible_targets |= {(TargetKind.POST, "p1"), (TargetKind.POST, "p2")}
    assert [await report_with_key(service, ana["token"], "k", report()) for _ in range(2)] == [202, 202]
    assert await report_with_key(service, ana["token"], "k", report(id="p2")) == 409
    assert await report_with_key(service, ana["token"], "other", report(id="p2")) == 202
    assert await report_with_key(service, ben["token"], "k", report(id="p2")) == 202
    assert await database.fetchval("SELECT count(*) FROM reports") == 3


async def test_report_requires_a_token(service: MailUserService) -> None:
    """401 without a token."""
    await service.expect_error("auth.required", "POST", PATH, report())


async def test_report_outlives_its_reporter(service: MailUserService, database: Database) -> None:
    """Deleting the reporter's account keeps the report."""
    ana = await service.register("ana")
    await service.wait_until_idle()
    service.visible_targets.add((TargetKind.POST, "p1"))
    await service.expect(202, "POST", PATH, report(), ana["token"])
    await database.execute("DELETE FROM users")
    (listed,) = (await service.moderation.list_open_reports(None, 10)).items
    assert (listed.reporter_id, listed.reason) == (None, "Not nice.")
    assert await database.fetchval("SELECT count(*) FROM mail_tokens") == 0
