"""Runs instances as child processes, and restarts those that exit.

supervisor --SIGTERM-----------> children
           <--exit status-------
           ---byte on stdin----> children reload their certificate
           ---end of stdin-----> children stop by themselves when the supervisor was killed
"""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

_log = logging.getLogger("convene")

RESTART_DELAY_MIN_S: Final = 1.0
RESTART_DELAY_MAX_S: Final = 30.0
STABLE_S: Final = 60.0
"""A child that ran for so long is restarted with the shortest delay."""

STOP_TIMEOUT_S: Final = 120.0
"""Time for a child to drain, after which it is killed. The steps of a shutdown have limits of their own."""

SUPERVISED_OPTION: Final = "--supervised"
RELOAD: Final = b"r"


class Backoff:
    """Delays before restarts: doubled each time, until a child has run for `STABLE_S`."""

    def __init__(self) -> None:
        self._delay_s = RESTART_DELAY_MIN_S

    def next_delay_s(self, ran_s: float) -> float:
        """Return the delay before the restart of a child that ran for `ran_s`."""
        if ran_s >= STABLE_S:
            self._delay_s = RESTART_DELAY_MIN_S
        delay_s = self._delay_s
        self._delay_s = min(2 * delay_s, RESTART_DELAY_MAX_S)
        return delay_s


class Supervisor:
    """Keeps one child process per environment running until `stopping` is set, then stops all at once."""

    def __init__(self, environments: Sequence[Mapping[str, str]], stopping: asyncio.Event) -> None:
        self._environments = environments
        self._stopping = stopping
        self._running: set[asyncio.subprocess.Process] = set()

    async def run(self) -> None:
        """Return when `stopping` was set and every child has exited."""
        async with asyncio.TaskGroup() as group:
            for number, environment in enumerate(self._environments):
                group.create_task(self._supervise(number, environment))

    def reload(self) -> None:
        """Make every child reload its certificate.

        Over standard input, because a signal would end a child that is starting.
        """
        for child in self._running:
            if child.stdin is not None:
                child.stdin.write(RELOAD)

    async def _supervise(self, number: int, environment: Mapping[str, str]) -> None:
        backoff = Backoff()
        stopped: asyncio.Task[object] = asyncio.create_task(self._stopping.wait())
        while not self._stopping.is_set():
            started_at = time.monotonic()
            status: int | str | None
            try:
                status = await self._run_child(environment, stopped)
            except OSError as error:
                # Such as no memory for a while, which must not end the other children.
                status = f"not started: {error.strerror}"
            if self._stopping.is_set():
                return
            delay_s = backoff.next_delay_s(time.monotonic() - started_at)
            _log.error(
                "an instance exited and is restarted",
                extra={"number": number, "status": status, "delay_s": delay_s},
            )
            await asyncio.wait([stopped], timeout=delay_s)

    async def _run_child(self, environment: Mapping[str, str], stopped: "asyncio.Task[object]") -> int | None:
        """Run a child until it exits, or until `stopped` and it has drained. Returns its exit status."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.cli", SUPERVISED_OPTION),
            env=dict(environment),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._running.add(child)
        exited = asyncio.create_task(child.wait())
        try:
            waited: list[asyncio.Task[int] | asyncio.Task[object]] = [exited, stopped]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            # It may have exited just now.
            with contextlib.suppress(ProcessLookupError):
                if not exited.done():
                    child.send_signal(signal.SIGTERM)
                    await asyncio.wait([exited], timeout=STOP_TIMEOUT_S)
                if not exited.done():
                    _log.error("an instance did not stop in time and is killed", extra={"pid": child.pid})
                    child.kill()
            return await exited
        finally:
            self._running.discard(child)
