"""Every scenario against two real instances, for a second: it does what it says, and nothing is broken."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import msgspec
import pytest

from loadtest.figures.servers import WANTED, read_metrics
from loadtest.options import Options
from loadtest.people.users_file import Person
from loadtest.play.plays import Scenario
from loadtest.report.folder import write_report
from loadtest.report.report import Report
from tests.conftest import STORES_START_S, LoopThread
from tests.loadtest.running import run_load, small

Reports = dict[Scenario, Report]


@pytest.fixture(scope="module")
def runs(loaded_urls: tuple[str, ...], crowd: Sequence[Person], background: LoopThread) -> Reports:
    """All scenarios at once, each with people of its own."""
    asked = [
        small(Scenario.PAIRS, loaded_urls),
        small(Scenario.ROOM, loaded_urls, connections=16, processes=2, senders=4),
        small(Scenario.STORM, loaded_urls, duration_s=1.5),
        small(Scenario.TOWN, loaded_urls, connections=20, rate_per_s=120.0),
        small(Scenario.FEED, loaded_urls),
        small(Scenario.IDLE, loaded_urls, connections=60),
    ]

    async def run() -> Reports:
        places = [sum(one.connections for one in asked[:number]) for number in range(len(asked))]
        loads = [run_load(one, _own(crowd, place, one)) for place, one in zip(places, asked, strict=True)]
        return {report.options.scenario: report for report in await asyncio.gather(*loads)}

    return background.run(run(), STORES_START_S)


def _own(crowd: Sequence[Person], place: int, options: Options) -> list[Person]:
    return list(crowd[place : place + options.connections])


@pytest.mark.parametrize("scenario", Scenario)
def test_nothing_is_broken(runs: Reports, scenario: Scenario) -> None:
    """Whatever a scenario does, every promise was held to, and nothing failed."""
    report = runs[scenario]

    assert report.good, (report.failed, report.faults)
    assert not report.errors
    assert len(report.servers) == 2
    assert all(server.figures for server in report.servers)


async def test_every_number_that_is_shown_is_one_that_servers_have(loaded_urls: tuple[str, ...]) -> None:
    """A metric that is renamed must not be 0 in every report from then on."""
    async with aiohttp.ClientSession() as session, session.get(f"{loaded_urls[0]}/metrics") as response:
        text = await response.text()
    told = {line.split(" ")[0] for line in text.splitlines()}
    reading = read_metrics(text, 1.0)

    assert told >= WANTED.keys()
    assert reading.cpu_s > 0
    assert reading.resident_bytes > 2**20


def test_pairs_write_across_instances(runs: Reports) -> None:
    """Both see each message; their lists were compared with what they saw."""
    report = runs[Scenario.PAIRS]

    assert report.counts["sent"] == report.counts["acknowledged"] == report.operations["send"].count > 10
    assert report.own_kind == "delivery"
    assert report.own.count == 2 * report.counts["sent"]
    assert report.users_checked == report.conversations_checked == 12


def test_a_room_is_shared_by_processes(runs: Reports) -> None:
    """Guests of one process see what was acknowledged to those of the other."""
    report = runs[Scenario.ROOM]

    assert report.own.count == 16 * report.counts["sent"] > 100


def test_a_storm_is_survived(runs: Reports) -> None:
    """All are cut off twice and resume; everything said is told live or replayed, to everybody once."""
    report = runs[Scenario.STORM]
    replayed = report.operations["replay"].count if "replay" in report.operations else 0

    assert report.counts["resumed"] >= 12
    assert report.own.count + replayed == 12 * report.counts["sent"]


def test_a_town_does_all_that_it_has(runs: Reports) -> None:
    """Socket and HTTP side by side."""
    assert {"send", "delivery", "read", "typing", "feed", "like", "history"} <= runs[
        Scenario.TOWN
    ].operations.keys()


def test_a_feed_needs_no_sockets(runs: Reports) -> None:
    report = runs[Scenario.FEED]

    assert report.own_kind == "feed"
    assert report.own.count > 10
    assert report.counts["connects"] == 0


def test_idle_connections_share_people(runs: Reports) -> None:
    """Some sockets of each user, and a sign of life now and then."""
    report = runs[Scenario.IDLE]

    assert report.counts["connects"] == report.own.count == 60
    assert report.operations["ping"].count > 10


def test_the_files_of_a_report_say_the_same(runs: Reports, reports: Path) -> None:
    """One for programs, one page that needs nothing else, one text."""
    report = runs[Scenario.TOWN]
    reports.mkdir()
    write_report(reports, report)

    assert msgspec.json.decode((reports / "report.json").read_bytes(), type=Report) == report
    page = (reports / "index.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") == page.count("</svg>") == 8
    assert "<script" not in page
    text = (reports / "summary.txt").read_text("utf-8")
    assert text.startswith("GOOD")
    assert "delivery *" in text
