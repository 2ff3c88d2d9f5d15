"""Who sits where: over servers and processes, neighbours together; and what one process may hold."""

import resource

import pytest

from loadtest.accounts.users_file import LoadUser
from loadtest.options import InvalidOptions
from loadtest.process.open_file_limit import OpenFileLimitTooLow, check_open_file_limit
from loadtest.run_plan import Scenario
from loadtest.setup.assignment import plan_workers
from loadtest.setup.setup_state import SetupState
from tests.loadtest.small_runs import small_options

URLS = ("http://one", "http://other")


def setup_state(count: int, conversation_size: int) -> SetupState:
    """People, in conversations of that size."""
    stage = SetupState([LoadUser(f"user-{number}", "token") for number in range(count)])
    for number in range(0, count, conversation_size):
        stage.add_members(range(number, min(number + conversation_size, count)), f"talk-{number}", 0)
    return stage


def test_pair_shares_a_process_on_two_servers() -> None:
    plans = plan_workers(small_options(Scenario.PAIRS, URLS, 40, processes=3), setup_state(40, 2), "run")

    assert len(plans) == 3
    assert sorted(seat.number for plan in plans for seat in plan.assignments) == list(range(40))
    assert all(plan.shared_conversations == [] for plan in plans)
    for plan in plans:
        at = {seat.number: seat.url_index for seat in plan.assignments}
        assert all(at[number] != at[number ^ 1] for number in at)
    assert sum(plan.rate_per_s for plan in plans) == pytest.approx(40.0)


def test_room_and_its_senders_span_all_processes() -> None:
    """The same ones speak whatever the number of processes: the seed chooses them."""
    spoken = []
    for processes in (1, 4):
        options = small_options(Scenario.ROOM, URLS, 100, processes=processes, senders=10)
        plans = plan_workers(options, setup_state(100, 100), "run")
        assert (plans[0].shared_conversations == ["talk-0"]) is (processes > 1)
        spoken.append(sorted(seat.number for plan in plans for seat in plan.assignments if seat.sends))
        assert sum(plan.rate_per_s for plan in plans) == pytest.approx(40.0)

    assert spoken[0] == spoken[1]
    assert len(spoken[0]) == 10


def test_connects_are_spread_over_the_ramp() -> None:
    """So that a server's limit of new sockets holds."""
    (plan,) = plan_workers(small_options(Scenario.IDLE, URLS, 100, ramp_s=10.0), setup_state(100, 100), "run")

    assert [seat.connect_at_s for seat in plan.assignments] == [
        pytest.approx(place / 10) for place in range(100)
    ]


def test_no_connection_starts_at_a_standby_server() -> None:
    """It is there for those who lose another."""
    (plan,) = plan_workers(
        small_options(Scenario.IDLE, URLS[:1], 10, standby=URLS[1:]), setup_state(10, 10), "run"
    )

    assert {plan.urls[seat.url_index] for seat in plan.assignments} == {"http://one"}
    assert plan.standby == ["http://other"]


def test_sockets_per_user_are_limited() -> None:
    """The shipped limit is 20 sockets a user."""
    plan_workers(small_options(Scenario.IDLE, URLS, 40), setup_state(2, 2), "run")
    with pytest.raises(InvalidOptions, match="2 users are too few for 41 connections"):
        plan_workers(small_options(Scenario.IDLE, URLS, 41), setup_state(2, 2), "run")


def test_open_file_limit_is_named_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how many processes it would do."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 4096))

    check_open_file_limit(3800, 1)
    check_open_file_limit(7600, 2)
    with pytest.raises(OpenFileLimitTooLow, match=r"RLIMIT_NOFILE.* is 4096: give --processes 3"):
        check_open_file_limit(8000, 1)
