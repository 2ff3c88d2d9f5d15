"""Log lines and counts of outages."""

import logging

import pytest

from storage.errors import Unavailable
from storage.outages import QUIET_S, Outage, failure_level, get_outage
from storage.postgres.pool import PoolLimits, PostgresPool
from storage.postgres.statement import Statement


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_an_outage_is_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    """However many calls fail, and some succeed meanwhile, as on a full disk."""
    clock = Clock()
    outage = Outage("postgres users", clock)
    outage.succeeded()
    for _ in range(1000):
        outage.failed("DiskFullError")
        clock.now_s += QUIET_S / 2
        outage.succeeded()
    assert [record.message for record in caplog.records] == ["store unavailable"]
    assert outage.statistics().unavailable
    clock.now_s += QUIET_S
    outage.succeeded()
    outage.succeeded()
    first, last = caplog.records
    assert (first.message, first.__dict__["reason"]) == ("store unavailable", "DiskFullError")
    assert (last.message, last.__dict__["failed_calls"]) == ("store available again", 1000)
    assert not outage.statistics().unavailable
    assert outage.statistics().failed_calls == 1000


async def test_every_failed_call_of_a_pool_counts(caplog: pytest.LogCaptureFixture) -> None:
    """Of a server that is away."""
    pool = PostgresPool("postgresql://nobody@/x?host=/nonexistent", PoolLimits(), "postgres nonexistent")
    with pytest.raises(Unavailable):
        await pool.open()
    with pytest.raises(Unavailable):
        await pool.open()
    with pytest.raises(Unavailable):
        await pool.rows(Statement("one", "SELECT 1", ()))
    assert get_outage("postgres nonexistent").statistics().failed_calls == 2
    assert [record.message for record in caplog.records if record.name == "convene"] == ["store unavailable"]


def test_failures_that_are_counted_are_not_logged_again() -> None:
    """Other failures are."""
    assert failure_level(Unavailable("x")) == logging.DEBUG
    assert failure_level(ValueError("x")) == logging.WARNING
