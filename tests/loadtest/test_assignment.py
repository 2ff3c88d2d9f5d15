"""Assignment of connections to users, servers and processes, and the limit of open files."""

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
    """Return users in conversations of that size."""
    state = SetupState([LoadUser(f"user-{number}", "token") for number in range(count)])
    for start in range(0, count, conversation_size):
        state.add_members(range(start, min(start + conversation_size, count)), f"conversation-{start}", 0)
    return state


def test_pair_shares_a_process_on_two_servers() -> None:
    """Both users of a pair are in one process and on different servers."""
    plans = plan_workers(small_options(Scenario.PAIRS, URLS, 40, processes=3), setup_state(40, 2), "run")

    assert len(plans) == 3
    assert sorted(assignment.number for plan in plans for assignment in plan.assignments) == list(range(40))
    assert all(plan.shared_conversations == [] for plan in plans)
    for plan in plans:
        url_indexes = {assignment.number: assignment.url_index for assignment in plan.assignments}
        assert all(url_indexes[number] != url_indexes[number ^ 1] for number in url_indexes)
    assert sum(plan.rate_per_s for plan in plans) == pytest.approx(40.0)


def test_room_and_its_senders_span_all_processes() -> None:
    """The seed alone chooses the senders, whatever the number of processes."""
    senders = []
    for processes in (1, 4):
        options = small_options(Scenario.ROOM, URLS, 100, processes=processes, senders=10)
        plans = plan_workers(options, setup_state(100, 100), "run")
        assert (plans[0].shared_conversations == ["conversation-0"]) is (processes > 1)
        senders.append(
            sorted(assignment.number for plan in plans for assignment in plan.assignments if assignment.sends)
        )
        assert sum(plan.rate_per_s for plan in plans) == pytest.approx(40.0)

    assert senders[0] == senders[1]
    assert len(senders[0]) == 10


def test_connects_are_spread_over_the_ramp() -> None:
    """Connects start at equal distances."""
    (plan,) = plan_workers(small_options(Scenario.IDLE, URLS, 100, ramp_s=10.0), setup_state(100, 100), "run")

    assert [assignment.connect_at_s for assignment in plan.assignments] == [
        pytest.approx(index / 10) for index in range(100)
    ]


def test_no_connection_starts_at_a_standby_server() -> None:
    """Standby servers only take reconnects."""
    (plan,) = plan_workers(
        small_options(Scenario.IDLE, URLS[:1], 10, standby=URLS[1:]), setup_state(10, 10), "run"
    )

    assert {plan.urls[assignment.url_index] for assignment in plan.assignments} == {"http://one"}
    assert plan.standby == ["http://other"]


def test_sockets_per_user_are_limited() -> None:
    """A user has at most 20 connections, the default limit of a server."""
    plan_workers(small_options(Scenario.IDLE, URLS, 40), setup_state(2, 2), "run")
    with pytest.raises(InvalidOptions, match="2 users are too few for 41 connections"):
        plan_workers(small_options(Scenario.IDLE, URLS, 41), setup_state(2, 2), "run")


def test_open_file_limit_is_named_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the limit and a sufficient number of processes."""
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (1024, 4096))

    check_open_file_limit(3800, 1)
    check_open_file_limit(7600, 2)
    with pytest.raises(OpenFileLimitTooLow, match=r"RLIMIT_NOFILE.* is 4096: use --processes 3"):
        check_open_file_limit(8000, 1)
