"""Keeps one store running: starts or joins its server and restarts it after a failure.

Every start and stop holds the store's lock, so two processes cannot start two servers on one folder. Beyond
the restart budget it retries more slowly, without giving up.
"""

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from storage.embedded.binaries import StoresUnavailable
from storage.embedded.server_command import ServerCommand
from storage.embedded.server_process import ServerProcess, StopSteps, run_to_completion
from storage.embedded.settings import StoreStatistics
from storage.embedded.stores_folder import FolderLocks


class Store(Protocol):
    """One kind of server on one data folder: its command, repair and health check."""

    name: str
    program: Path
    data: Path
    """The data folder, which is also the server's working folder."""
    stop_steps: StopSteps
    restart_on_failed_checks: bool
    """Whether a restart helps a server that runs but fails health checks."""

    async def prepare(self) -> ServerCommand:
        """Prepare the data folder, remove leftovers of a dead server, and return the command to start.

        Called only while no server runs on the folder.

        Raises:
            StoresUnavailable: a permanent failure; retrying does not help.
        """

    def repair(self, log_tail: str, *, may_change_address: bool) -> str | None:
        """Fix what prevents a start, judged by the end of the log; return what was done, or None.

        Called before each start, while no server runs; `log_tail` is empty before the first. With
        `may_change_address` the URL may change, because it was not handed out yet.
        """

    async def check(self) -> None:
        """Write and read a value.

        Raises:
            Exception: any error means that the check failed. The supervisor sets the timeout and then
                calls `close`.
        """

    async def close(self) -> None:
        """Close the connection that `check` keeps."""


READY_TIMEOUT_S = 60.0
READY_POLL_S = 0.03
FIRST_START_ATTEMPTS = 4
WATCH_INTERVAL_S = 1.0
CHECK_INTERVAL_S = 5.0
CHECK_TIMEOUT_S = 5.0
FAILURES_BEFORE_RESTART = 3
FAILURES_WINDOW_S = 30.0
BACKOFF_FIRST_S = 0.1
BACKOFF_LIMIT_S = 5.0
RESTART_BUDGET = 5
RESTART_BUDGET_WINDOW_S = 60.0
BEYOND_BUDGET_PAUSE_S = 10.0


class StoreSupervisor:
    def __init__(
        self, store: Store, process: ServerProcess, locks: FolderLocks, report: Callable[[str, str], None]
    ) -> None:
        self._store = store
        self._process = process
        self._locks = locks
        self._report = report
        self._healthy = False
        self._failures: deque[float] = deque(maxlen=FAILURES_BEFORE_RESTART)
        self._restarts: deque[float] = deque(maxlen=RESTART_BUDGET)

    def statistics(self, *, supervising: bool) -> StoreStatistics:
        self._process.find_known()
        pid = self._process.pid
        healthy = pid is not None and (self._healthy or not supervising)
        return StoreStatistics(self._store.name, pid, self._process.restarts, healthy)

    async def ensure_running(self, *, may_change_address: bool) -> None:
        """Join the running server or start one; on return a health check has succeeded.

        Raises:
            StoresUnavailable: it does not start; the text contains the end of its log.
        """
        async with self._locks.lock(self._store.name):
            if self._process.find():
                if await self._wait_until_healthy():
                    self._report(self._store.name, "joined the running server")
                    return
                self._report(self._store.name, "a leftover server fails its health check and is stopped")
                await self._process.stop(self._store.stop_steps)
            pause_s = BACKOFF_FIRST_S
            for attempt in range(FIRST_START_ATTEMPTS):
                if attempt:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, BACKOFF_LIMIT_S)
                log_tail = self._process.log_tail() if attempt else ""
                if repaired := self._store.repair(log_tail, may_change_address=may_change_address):
                    self._report(self._store.name, repaired)
                if await self._start(restarts=0):
                    self._report(self._store.name, "started")
                    return
        msg = f"The embedded store {self._store.name} does not start. Its log: {self._process.log_tail()}"
        raise StoresUnavailable(msg)

    async def stop(self) -> None:
        async with self._locks.lock(self._store.name):
            await self._store.close()
            if self._process.find():
                await self._process.stop(self._store.stop_steps)
            self._healthy = False

    async def close(self) -> None:
        """Disconnect from the server without stopping it."""
        await self._store.close()

    async def watch(self) -> None:
        """Check and restart the server until cancelled."""
        next_check_s = 0.0
        while True:
            if not self._process.find_known():
                self._healthy = False
                self._report(self._store.name, "the server exited")
                await self._restart()
            elif time.monotonic() >= next_check_s:
                await self._check_health()
                next_check_s = time.monotonic() + (WATCH_INTERVAL_S if self._failures else CHECK_INTERVAL_S)
            await asyncio.sleep(WATCH_INTERVAL_S)

    async def _check_health(self) -> None:
        was_healthy = self._healthy
        if await self._check() != was_healthy:
            self._report(
                self._store.name, "health check succeeds again" if self._healthy else "health check failed"
            )
        now = time.monotonic()
        if not self._healthy:
            self._failures.append(now)
        while self._failures and self._failures[0] < now - FAILURES_WINDOW_S:
            self._failures.popleft()
        # Not only consecutive failures: after a full disk only some connections of a server fail.
        if len(self._failures) == FAILURES_BEFORE_RESTART and self._store.restart_on_failed_checks:
            self._report(self._store.name, "the server runs but fails its health checks and is restarted")
            async with self._locks.lock(self._store.name):
                await self._process.stop(self._store.stop_steps)
            await self._restart()

    async def _restart(self) -> None:
        self._failures.clear()
        for attempt in itertools.count():
            await self._wait_before_retry(attempt)
            async with self._locks.lock(self._store.name):
                # Another process may have started it while we waited for the lock.
                if self._process.find() and await self._wait_until_healthy():
                    return
                await self._process.stop(self._store.stop_steps)
                self._restarts.append(time.monotonic())
                log_tail = self._process.log_tail() if attempt else ""
                if repaired := self._store.repair(log_tail, may_change_address=False):
                    self._report(self._store.name, repaired)
                try:
                    if await self._start(restarts=self._process.restarts + 1):
                        self._report(self._store.name, "restarted")
                        return
                except (OSError, StoresUnavailable) as error:
                    self._report(self._store.name, f"start failed: {error}")

    async def _wait_before_retry(self, attempt: int) -> None:
        if self._over_restart_budget():
            pause_s = BEYOND_BUDGET_PAUSE_S
        elif attempt:
            pause_s = min(BACKOFF_FIRST_S * 2**attempt, BACKOFF_LIMIT_S)
        else:
            return
        self._report(self._store.name, f"keeps failing, next attempt in {pause_s:.1f} s")
        await asyncio.sleep(pause_s)

    def _over_restart_budget(self) -> bool:
        is_full = len(self._restarts) == RESTART_BUDGET
        return is_full and time.monotonic() - self._restarts[0] < RESTART_BUDGET_WINDOW_S

    async def _start(self, *, restarts: int) -> bool:
        command = await self._store.prepare()
        self._process.spawn(command, restarts=restarts)
        if await self._wait_until_healthy():
            return True
        await self._process.stop(self._store.stop_steps)
        return False

    async def _wait_until_healthy(self) -> bool:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while self._process.alive() and time.monotonic() < deadline:
            if await self._check():
                return True
            await asyncio.sleep(READY_POLL_S)
        return False

    async def _check(self) -> bool:
        self._healthy = await run_to_completion(self._try_check())
        return self._healthy

    async def _try_check(self) -> bool:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                await self._store.check()
        except Exception:  # noqa: BLE001 - drivers raise undocumented errors if a server dies
            with contextlib.suppress(Exception):
                await self._store.close()
            return False
        return True
