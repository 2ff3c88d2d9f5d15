"""A server that breaks one promise, once: the load fails, and says where, who and which seq."""

import asyncio
from collections.abc import Sequence

import pytest

from loadtest.check.faults import Kind
from loadtest.people.users_file import Person
from loadtest.play.plays import Scenario
from loadtest.report.page import page_of
from loadtest.report.report import Report
from loadtest.report.summary import summary_of
from tests.conftest import STORES_START_S, LoopThread
from tests.loadtest.running import run_load, small
from tests.loadtest.thief import Thief, Wrong

FOUND: dict[Wrong, set[str]] = {
    "swallow": {Kind.GAP, Kind.LOST},
    "double": {Kind.DUPLICATED},
    "swap": {Kind.GAP, Kind.REORDERED},
}
MEMBERS = 10


@pytest.fixture(scope="module")
def robbed(
    loaded_urls: tuple[str, ...], crowd: Sequence[Person], background: LoopThread
) -> dict[Wrong, Report]:
    """One load for each wrong, all at once; of all the frames to all members one is treated wrongly."""

    async def rob(wrong: Wrong, people: list[Person]) -> tuple[Wrong, Report]:
        async with Thief(loaded_urls[0], wrong) as thief:
            urls = (thief.url, loaded_urls[1])
            options = small(Scenario.ROOM, urls, MEMBERS, senders=4, drain_s=1.0, unread_checks=0)
            report = await run_load(options, people)
            assert thief.acted == 1
        return wrong, report

    async def rob_all() -> dict[Wrong, Report]:
        works = [rob(wrong, list(crowd[number * MEMBERS :][:MEMBERS])) for number, wrong in enumerate(FOUND)]
        return dict(await asyncio.gather(*works))

    return background.run(rob_all(), STORES_START_S)


@pytest.mark.parametrize("wrong", FOUND)
def test_one_frame_on_its_way_is_enough(robbed: dict[Wrong, Report], wrong: Wrong) -> None:
    """The load is not good, and names the conversation, the client and the seq."""
    report = robbed[wrong]

    assert not report.good
    assert report.fault_counts.keys() == FOUND[wrong]
    assert set(report.fault_counts.values()) == {1}
    fault = report.faults[0]
    assert len(fault.seqs) == 1
    assert fault.seqs[0] > 1
    assert fault.client.startswith("client ")
    said = summary_of(report)
    assert said.startswith("NOT GOOD")
    assert str(fault) in said


def test_the_page_shows_what_was_seen(robbed: dict[Wrong, Report]) -> None:
    report = robbed["swallow"]
    page = page_of(report)

    assert "NOT GOOD" in page
    for fault in report.faults:
        assert fault.conversation_id in page
        assert fault.client in page
        assert fault.said in page
