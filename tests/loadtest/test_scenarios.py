"""Runs every scenario for about a second against two instances."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec
import pytest

from loadtest.accounts.users_file import LoadUser
from loadtest.metrics.server_metrics import METRIC_FIELDS, parse_metrics
from loadtest.options import Options
from loadtest.report.folder import write_report
from loadtest.report.report import Report
from loadtest.run_plan import Scenario
from tests.conftest import STORES_START_S, LoopThread
from tests.loadtest.small_runs import run_load, small_options

Reports = dict[Scenario, Report]


@pytest.fixture(scope="module")
def reports_by_scenario(
    server_urls: tuple[str, ...], load_users: Sequence[LoadUser], background: LoopThread
) -> Reports:
    """All scenarios at once, each with its own users."""
    all_options = [
        small_options(Scenario.PAIRS, server_urls),
        small_options(Scenario.ROOM, server_urls, connections=16, processes=2, senders=4),
        small_options(Scenario.STORM, server_urls, duration_s=1.5),
        small_options(Scenario.MIXED, server_urls, connections=20, rate_per_s=120.0),
        small_options(Scenario.FEED, server_urls),
        small_options(Scenario.IDLE, server_urls, connections=60),
    ]

    async def run() -> Reports:
        first_users = [
            sum(options.connections for options in all_options[:number]) for number in range(len(all_options))
        ]
        loads = [
            run_load(options, _users_of(load_users, first_user, options))
            for first_user, options in zip(first_users, all_options, strict=True)
        ]
        return {report.options.scenario: report for report in await asyncio.gather(*loads)}

    return background.run(run(), STORES_START_S)


def _users_of(users: Sequence[LoadUser], start: int, options: Options) -> list[LoadUser]:
    return list(users[start : start + options.connections])


@pytest.mark.parametrize("scenario", Scenario)
def test_scenario_has_no_faults_or_errors(reports_by_scenario: Reports, scenario: Scenario) -> None:
    """Every scenario passes, without errors."""
    report = reports_by_scenario[scenario]

    assert report.passed, (report.failed_criteria, report.faults)
    assert not report.errors
    assert len(report.servers) == 2
    assert all(server.metrics for server in report.servers)


async def test_all_shown_metrics_exist(server_urls: tuple[str, ...]) -> None:
    """Every metric that the report shows exists on the server."""
    async with aiohttp.ClientSession() as session, session.get(f"{server_urls[0]}/metrics") as response:
        text = await response.text()
    names = {line.split(" ")[0] for line in text.splitlines()}
    sample = parse_metrics(text, 1.0)

    assert names >= METRIC_FIELDS.keys()
    assert sample.cpu_s > 0
    assert sample.resident_bytes > 2**20


def test_pairs_deliver_across_instances(reports_by_scenario: Reports) -> None:
    """Both users receive each message, and their conversation lists were checked."""
    report = reports_by_scenario[Scenario.PAIRS]

    assert report.counts["sent"] == report.counts["acknowledged"] == report.operations["send"].count > 10
    assert report.primary_operation == "delivery"
    assert report.primary_latency.count == 2 * report.counts["sent"]
    assert report.users_checked == report.conversations_checked == 12


def test_room_is_checked_across_processes(reports_by_scenario: Reports) -> None:
    """Users of one process receive what the server acknowledged to those of the other."""
    report = reports_by_scenario[Scenario.ROOM]

    assert report.primary_latency.count == 16 * report.counts["sent"] > 100


def test_storm_clients_resume_without_loss(reports_by_scenario: Reports) -> None:
    """All users are disconnected twice and resume; each receives every message once, live or replayed."""
    report = reports_by_scenario[Scenario.STORM]
    replayed = report.operations["replay"].count if "replay" in report.operations else 0

    assert report.counts["resumed"] >= 12
    assert report.primary_latency.count + replayed == 12 * report.counts["sent"]


def test_mixed_runs_all_actions(reports_by_scenario: Reports) -> None:
    """Websocket and HTTP operations are measured."""
    assert {"send", "delivery", "read", "typing", "feed", "like", "history"} <= reports_by_scenario[
        Scenario.MIXED
    ].operations.keys()


def test_feed_opens_no_sockets(reports_by_scenario: Reports) -> None:
    """Only feed requests are made."""
    report = reports_by_scenario[Scenario.FEED]

    assert report.primary_operation == "feed"
    assert report.primary_latency.count > 10
    assert report.counts["connects"] == 0


def test_idle_connections_share_users(reports_by_scenario: Reports) -> None:
    """Users have several connections each, some of which send pings."""
    report = reports_by_scenario[Scenario.IDLE]

    assert report.counts["connects"] == report.primary_latency.count == 60
    assert report.operations["ping"].count > 10


def test_report_files_agree(reports_by_scenario: Reports, report_folder: Path) -> None:
    """The JSON file round-trips; the page and the summary are complete."""
    report = reports_by_scenario[Scenario.MIXED]
    report_folder.mkdir()
    write_report(report_folder, report)

    assert msgspec.json.decode((report_folder / "report.json").read_bytes(), type=Report) == report
    page = (report_folder / "index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == page.count("</svg>") == 8
    assert "<script" not in page
    text = (report_folder / "summary.txt").read_text("utf-8")
    assert text.startswith("PASSED")
    assert "delivery *" in text
