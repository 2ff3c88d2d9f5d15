"""Runs against a server with one injected fault fail and name the fault."""

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
    "drop": {FaultKind.GAP, FaultKind.LOST},
    "duplicate": {FaultKind.DUPLICATED},
    "reorder": {FaultKind.GAP, FaultKind.REORDERED},
}
MEMBERS = 10


@pytest.fixture(scope="module")
def fault_reports(
    server_urls: tuple[str, ...], load_users: Sequence[LoadUser], background: LoopThread
) -> dict[FaultMode, Report]:
    """One run per fault mode, all at once; each has exactly one faulty frame."""

    async def run_with_fault(mode: FaultMode, users: list[LoadUser]) -> tuple[FaultMode, Report]:
        async with FaultProxy(server_urls[0], mode) as proxy:
            urls = (proxy.url, server_urls[1])
            options = small_options(
                Scenario.ROOM, urls, MEMBERS, senders=4, delivery_timeout_s=1.0, list_checks=0
            )
            report = await run_load(options, users)
            assert proxy.injected == 1
        return mode, report

    async def run_all() -> dict[FaultMode, Report]:
        runs = [
            run_with_fault(mode, list(load_users[index * MEMBERS :][:MEMBERS]))
            for index, mode in enumerate(EXPECTED_FAULTS)
        ]
        return dict(await asyncio.gather(*runs))

    return background.run(run_all(), STORES_START_S)


@pytest.mark.parametrize("mode", EXPECTED_FAULTS)
def test_single_injected_fault_fails_the_run(fault_reports: dict[FaultMode, Report], mode: FaultMode) -> None:
    """The report names the conversation, the client and the seq."""
    report = fault_reports[mode]

    assert not report.passed
    assert report.fault_counts.keys() == EXPECTED_FAULTS[mode]
    assert set(report.fault_counts.values()) == {1}
    fault = report.faults[0]
    assert len(fault.seqs) == 1
    assert fault.seqs[0] > 1
    assert fault.client.startswith("client ")
    summary = render_summary(report)
    assert summary.startswith("FAILED")
    assert str(fault) in summary


def test_page_shows_fault_details(fault_reports: dict[FaultMode, Report]) -> None:
    """The HTML page shows the details of every fault."""
    report = fault_reports["drop"]
    page = render_page(report)

    assert "FAILED" in page
    for fault in report.faults:
        assert fault.conversation_id in page
        assert fault.client in page
        assert fault.detail in page
