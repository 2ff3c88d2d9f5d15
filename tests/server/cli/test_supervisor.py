"""Restarts of child processes."""

from server.cli.supervisor import RESTART_DELAY_MAX_S, RESTART_DELAY_MIN_S, STABLE_S, Backoff


def test_restarts_of_a_child_that_cannot_run_become_rare() -> None:
    """Doubled each time, up to a bound."""
    backoff = Backoff()
    delays = [backoff.next_delay_s(0.1) for _ in range(8)]
    assert delays[:3] == [RESTART_DELAY_MIN_S, 2 * RESTART_DELAY_MIN_S, 4 * RESTART_DELAY_MIN_S]
    assert delays[-2:] == [RESTART_DELAY_MAX_S, RESTART_DELAY_MAX_S]


def test_child_that_ran_is_restarted_soon() -> None:
    """A crash once a day does not count as a child that cannot run."""
    backoff = Backoff()
    for _ in range(8):
        backoff.next_delay_s(0.1)
    assert backoff.next_delay_s(STABLE_S) == RESTART_DELAY_MIN_S
    assert backoff.next_delay_s(0.1) == 2 * RESTART_DELAY_MIN_S
