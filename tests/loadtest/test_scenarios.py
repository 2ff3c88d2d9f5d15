"""Every scenario against two real instances, for a second: it does what it says, and nothing is broken."""

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
    """All scenarios at once, each with people of its own."""
    asked = [
        small_options(Scenario.PAIRS, server_urls),
        small_options(Scenario.ROOM, server_urls, connections=16, processes=2, senders=4),
        small_options(Scenario.STORM, server_urls, duration_s=1.5),
        small_options(Scenario.MIXED, server_urls, connections=20, rate_per_s=120.0),
        small_options(Scenario.FEED, server_urls),
        small_options(Scenario.IDLE, server_urls, connections=60),
    ]

    async def run() -> Reports:
        places = [sum(one.connections for one in asked[:number]) for number in range(len(asked))]
        loads = [
            run_load(one, _users_of(load_users, place, one)) for place, one in zip(places, asked, strict=True)
        ]
        return {report.options.scenario: report for report in await asyncio.gather(*loads)}

    return background.run(run(), STORES_START_S)


def _users_of(users: Sequence[LoadUser], start: int, options: Options) -> list[LoadUser]:
    return list(users[start : start + options.connections])


@pytest.mark.parametrize("scenario", Scenario)
def test_scenario_has_no_faults_or_errors(reports_by_scenario: Reports, scenario: Scenario) -> None:
    """Whatever a scenario does, every promise was held to, and nothing failed."""
    report = reports_by_scenario[scenario]

    assert report.passed, (report.failed_criteria, report.faults)
    assert not report.errors
    assert len(report.servers) == 2
    assert all(server.metrics for server in report.servers)


async def test_all_shown_metrics_exist(server_urls: tuple[str, ...]) -> None:
    """A metric that is renamed must not be 0 in every report from then on."""
    async with aiohttp.ClientSession() as session, session.get(f"{server_urls[0]}/metrics") as response:
        text = await response.text()
    told = {line.split(" ")[0] for line in text.splitlines()}
    reading = parse_metrics(text, 1.0)

    assert told >= METRIC_FIELDS.keys()
    assert reading.cpu_s > 0
    assert reading.resident_bytes > 2**20


def test_pairs_deliver_across_instances(reports_by_scenario: Reports) -> None:
    """Both see each message; their lists were compared with what they saw."""
    report = reports_by_scenario[Scenario.PAIRS]

    assert report.counts["sent"] == report.counts["acknowledged"] == report.operations["send"].count > 10
    assert report.primary_operation == "delivery"
    assert report.primary_latency.count == 2 * report.counts["sent"]
    assert report.users_checked == report.conversations_checked == 12


def test_room_is_checked_across_processes(reports_by_scenario: Reports) -> None:
    """Guests of one process see what was acknowledged to those of the other."""
    report = reports_by_scenario[Scenario.ROOM]

    assert report.primary_latency.count == 16 * report.counts["sent"] > 100


def test_storm_clients_resume_without_loss(reports_by_scenario: Reports) -> None:
    """All are cut off twice and resume; everything said is told live or replayed, to everybody once."""
    report = reports_by_scenario[Scenario.STORM]
    replayed = report.operations["replay"].count if "replay" in report.operations else 0

    assert report.counts["resumed"] >= 12
    assert report.primary_latency.count + replayed == 12 * report.counts["sent"]


def test_mixed_runs_all_actions(reports_by_scenario: Reports) -> None:
    """Socket and HTTP side by side."""
    assert {"send", "delivery", "read", "typing", "feed", "like", "history"} <= reports_by_scenario[
        Scenario.MIXED
    ].operations.keys()


def test_feed_opens_no_sockets(reports_by_scenario: Reports) -> None:
    report = reports_by_scenario[Scenario.FEED]

    assert report.primary_operation == "feed"
    assert report.primary_latency.count > 10
    assert report.counts["connects"] == 0


def test_idle_connections_share_users(reports_by_scenario: Reports) -> None:
    """Some sockets of each user, and a sign of life now and then."""
    report = reports_by_scenario[Scenario.IDLE]

    assert report.counts["connects"] == report.primary_latency.count == 60
    assert report.operations["ping"].count > 10


def test_report_files_agree(reports_by_scenario: Reports, report_folder: Path) -> None:
    """One for programs, one page that needs nothing else, one text."""
    report = reports_by_scenario[Scenario.MIXED]
    report_folder.mkdir()
    write_report(report_folder, report)

    assert msgspec.json.decode((report_folder / "report.json").read_bytes(), type=Report) == report
    page = (report_folder / "index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == page.count("</svg>") == 8
    assert "<script" not in page
    text = (report_folder / "summary.txt").read_text("utf-8")
    assert text.startswith("GOOD")
    assert "delivery *" in text
