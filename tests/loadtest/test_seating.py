"""Who sits where: over servers and processes, neighbours together; and what one process may hold."""

import resource

import pytest

from loadtest.options import OptionsFaulty
from loadtest.people.users_file import Person
from loadtest.play.plays import Scenario
from loadtest.process.files import TooFewFiles, check_files
from loadtest.process.seating import plans_of
from loadtest.scenes.stage import Stage
from tests.loadtest.running import small

URLS = ("http://one", "http://other")


def stage_of(count: int, size: int) -> Stage:
    """People, in conversations of that size."""
    stage = Stage([Person(f"user-{number}", "token") for number in range(count)])
    for number in range(0, count, size):
        stage.gathered(range(number, min(number + size, count)), f"talk-{number}", 0)
    return stage


def test_the_two_of_a_pair_are_in_one_process_at_two_servers() -> None:
    plans = plans_of(small(Scenario.PAIRS, URLS, 40, processes=3), stage_of(40, 2), "run")

    assert len(plans) == 3
    assert sorted(seat.number for plan in plans for seat in plan.seats) == list(range(40))
    assert all(plan.shared == [] for plan in plans)
    for plan in plans:
        at = {seat.number: seat.url for seat in plan.seats}
        assert all(at[number] != at[number ^ 1] for number in at)
    assert sum(plan.rate_per_s for plan in plans) == pytest.approx(40.0)


def test_a_room_is_over_all_processes_and_so_are_its_speakers() -> None:
    """The same ones speak whatever the number of processes: the seed chooses them."""
    spoken = []
    for processes in (1, 4):
        options = small(Scenario.ROOM, URLS, 100, processes=processes, senders=10)
        plans = plans_of(options, stage_of(100, 100), "run")
        assert (plans[0].shared == ["talk-0"]) is (processes > 1)
        spoken.append(sorted(seat.number for plan in plans for seat in plan.seats if seat.speaks))
        assert sum(plan.rate_per_s for plan in plans) == pytest.approx(40.0)

    assert spoken[0] == spoken[1]
    assert len(spoken[0]) == 10


def test_connects_are_spread_over_the_ramp() -> None:
    """So that a server's limit of new sockets holds."""
    (plan,) = plans_of(small(Scenario.IDLE, URLS, 100, ramp_s=10.0), stage_of(100, 100), "run")

    assert [seat.at_s for seat in plan.seats] == [pytest.approx(place / 10) for place in range(100)]


def test_nobody_begins_at_a_server_that_stands_by() -> None:
    """It is there for those who lose another."""
    (plan,) = plans_of(small(Scenario.IDLE, URLS[:1], 10, standby=URLS[1:]), stage_of(10, 10), "run")

    assert {plan.urls[seat.url] for seat in plan.seats} == {"http://one"}
    assert plan.standby == ["http://other"]


def test_a_user_has_so_many_sockets_and_no_more() -> None:
    """The shipped limit is 20 sockets a user."""
    plans_of(small(Scenario.IDLE, URLS, 40), stage_of(2, 2), "run")
    with pytest.raises(OptionsFaulty, match="2 users are too few for 41 connections"):
        plans_of(small(Scenario.IDLE, URLS, 41), stage_of(2, 2), "run")


def test_too_many_connections_for_one_process_name_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many processes it would do."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 4096))

    check_files(3800, 1)
    check_files(7600, 2)
    with pytest.raises(TooFewFiles, match=r"RLIMIT_NOFILE.* is 4096: give --processes 3"):
        check_files(8000, 1)
