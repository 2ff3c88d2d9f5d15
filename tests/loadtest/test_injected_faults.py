"""A server that breaks one promise, once: the load fails, and says where, who and which seq."""

import asyncio
from collections.abc import Sequence

import pytest

from loadtest.accounts.users_file import LoadUser
from loadtest.check.faults import FaultKind
from loadtest.report.page import render_page
from loadtest.report.report import Report
from loadtest.report.summary import render_summary
from loadtest.run_plan import Scenario
from tests.conftest import STORES_START_S, LoopThread
from tests.loadtest.fault_proxy import FaultMode, FaultProxy
from tests.loadtest.small_runs import run_load, small_options

EXPECTED_FAULTS: dict[FaultMode, set[str]] = {
    "swallow": {FaultKind.GAP, FaultKind.LOST},
    "double": {FaultKind.DUPLICATED},
    "swap": {FaultKind.GAP, FaultKind.REORDERED},
}
MEMBERS = 10


@pytest.fixture(scope="module")
def fault_reports(
    server_urls: tuple[str, ...], load_users: Sequence[LoadUser], background: LoopThread
) -> dict[FaultMode, Report]:
    """One load for each wrong, all at once; of all the frames to all members one is treated wrongly."""

    async def run_with_fault(wrong: FaultMode, users: list[LoadUser]) -> tuple[FaultMode, Report]:
        async with FaultProxy(server_urls[0], wrong) as thief:
            urls = (thief.url, server_urls[1])
            options = small_options(
                Scenario.ROOM, urls, MEMBERS, senders=4, delivery_timeout_s=1.0, list_checks=0
            )
            report = await run_load(options, users)
            assert thief.injected == 1
        return wrong, report

    async def run_all() -> dict[FaultMode, Report]:
        works = [
            run_with_fault(wrong, list(load_users[number * MEMBERS :][:MEMBERS]))
            for number, wrong in enumerate(EXPECTED_FAULTS)
        ]
        return dict(await asyncio.gather(*works))

    return background.run(run_all(), STORES_START_S)


@pytest.mark.parametrize("wrong", EXPECTED_FAULTS)
def test_single_injected_fault_fails_the_run(
    fault_reports: dict[FaultMode, Report], wrong: FaultMode
) -> None:
    """The load is not good, and names the conversation, the client and the seq."""
    report = fault_reports[wrong]

    assert not report.passed
    assert report.fault_counts.keys() == EXPECTED_FAULTS[wrong]
    assert set(report.fault_counts.values()) == {1}
    fault = report.faults[0]
    assert len(fault.seqs) == 1
    assert fault.seqs[0] > 1
    assert fault.client.startswith("client ")
    said = render_summary(report)
    assert said.startswith("NOT GOOD")
    assert str(fault) in said


def test_page_shows_fault_details(fault_reports: dict[FaultMode, Report]) -> None:
    report = fault_reports["swallow"]
    page = render_page(report)

    assert "NOT GOOD" in page
    for fault in report.faults:
        assert fault.conversation_id in page
        assert fault.client in page
        assert fault.detail in page
