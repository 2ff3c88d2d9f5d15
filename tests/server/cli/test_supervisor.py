"""Restarts of child processes."""

import asyncio
import sys
from pathlib import Path

import pytest

from server.cli import supervisor
from server.cli.supervisor import RESTART_DELAY_MAX_S, RESTART_DELAY_MIN_S, STABLE_S, Backoff, Supervisor
from tests.until import until


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


async def test_child_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without memory for a process, say: the supervisor and its other children go on."""
    program, started = tmp_path / "program", tmp_path / "started"
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(supervisor, "RESTART_DELAY_MIN_S", 0.01)
    stopping = asyncio.Event()
    running = asyncio.create_task(Supervisor([{}], stopping).run())
    await until(lambda: caplog.records or running.done())

    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\n: > {started}\nexec /bin/cat\n")
    script.chmod(0o700)
    script.rename(program)
    await until(lambda: started.exists() or running.done())
    stopping.set()
    await running

    assert started.exists()
    assert "an instance exited and is restarted" in caplog.text
