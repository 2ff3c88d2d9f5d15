"""Runs a load test: setup, workers, load, delivery check and metrics.

    setup over HTTP -> worker plans -> connect -> load -> stop -> wait for deliveries -> check -> RunResult

`stop` ends the load early; delivery is then checked as usual. The coordinator's process generates no load,
so displaying progress does not slow the load down.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Final

import aiohttp

from loadtest.accounts.users_file import LoadUser
from loadtest.check.log_observer import Acknowledged
from loadtest.console.display import Display
from loadtest.metrics.clock import now_us
from loadtest.metrics.server_metrics import ServerPoller, ServerSample
from loadtest.options import Options
from loadtest.process.open_file_limit import check_open_file_limit
from loadtest.process.worker_process import WorkerProcess
from loadtest.process.worker_protocol import (
    CheckDelivery,
    ConnectionsOpened,
    DeliveryChecked,
    LoadStopped,
    StartLoad,
    StopLoad,
    Tick,
)
from loadtest.report.evaluation import primary_operation_of
from loadtest.report.run_result import RunResult
from loadtest.report.time_series import TimeSeries
from loadtest.setup.assignment import plan_workers
from loadtest.setup.registration import register_users
from loadtest.setup.scenario_setup import SETUP_FUNCTIONS, users_needed
from loadtest.setup.setup_client import SetupClient
from loadtest.setup.setup_state import SetupState

SAMPLE_INTERVAL_S: Final = 1.0
START_DELAY_S: Final = 0.3
"""Delay between the start command and the start, so that all workers start together."""


class ServerUnreachable(Exception):  # noqa: N818 - shown to the operator
    """A server did not respond before the load started."""


class Coordinator:
    """Without `users`, users are registered over HTTP."""

    def __init__(self, options: Options, users: list[LoadUser], display: Display) -> None:
        self._options = options
        self._users = users
        self._display = display
        self._run_id = f"l{secrets.token_hex(5)}"
        self._series = TimeSeries(options.processes, primary_operation_of(options.scenario))
        self._stopping = asyncio.Event()
        self._workers: list[WorkerProcess] = []
        self._first_sample: dict[str, int] = {}
        self._last_sample: dict[str, int] = {}

    @property
    def stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End the load early."""
        self._stopping.set()

    async def run(self) -> RunResult:
        """Run the load test.

        Raises `InvalidOptions`, `OpenFileLimitTooLow`, `ServerUnreachable`, `WorkerDied` or `ClientError`.
        """
        options = self._options
        options.validate()
        check_open_file_limit(options.connections, options.processes)
        started_at = time.time()
        async with aiohttp.ClientSession() as session:
            await self._check_servers(session)
            state = await self._set_up(session)
            servers = ServerPoller(options.urls, session)
            await servers.poll()
            baseline = {url: samples[-1] for url, samples in servers.samples.items() if samples}
            poll_task = asyncio.create_task(self._poll_servers(servers))
            try:
                return await self._run_load(state, servers, baseline, started_at)
            finally:
                poll_task.cancel()
                await asyncio.gather(poll_task, return_exceptions=True)
                await asyncio.gather(*(worker.close() for worker in self._workers))

    # --- preparation

    async def _check_servers(self, session: aiohttp.ClientSession) -> None:
        for url in self._options.urls:
            try:
                async with session.get(f"{url}/healthz", timeout=aiohttp.ClientTimeout(total=5)) as response:
                    if response.status == 200:
                        continue
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise ServerUnreachable(f"{url} does not respond: {type(error).__name__}") from error
            raise ServerUnreachable(f"{url}/healthz responded with status {response.status}")

    async def _set_up(self, session: aiohttp.ClientSession) -> SetupState:
        client = SetupClient(session, self._options.urls, self._display.setup_progress)
        count = users_needed(self._options)
        users = self._users[:count] or await register_users(client, count)
        state = SetupState(users)
        await SETUP_FUNCTIONS[self._options.scenario](client, state)
        return state

    # --- the load

    async def _run_load(
        self, state: SetupState, servers: ServerPoller, baseline: dict[str, ServerSample], started_at: float
    ) -> RunResult:
        plans = plan_workers(self._options, state, self._run_id)
        for index, plan in enumerate(plans):
            worker = await WorkerProcess.start(self._tick_handler(index))
            self._workers.append(worker)
            await worker.send(plan)
        self._display.begin_phase("connecting")
        connected = await self._wait_for_connections()
        load_s = 0.0
        if connected:
            load_s = await self._generate_load(servers)
        stopped = await self._stop_workers()
        checked = await self._check_delivery(stopped)
        self._series.close_point()
        return RunResult(
            options=self._options,
            run_id=self._run_id,
            started_at=started_at,
            load_s=load_s,
            series=self._series,
            baseline=baseline,
            samples=self._samples_under_load(servers),
            unanswered=sum(result.unanswered for result in stopped),
            disconnected=sum(result.disconnected for result in checked),
            users_checked=sum(result.users_checked for result in checked),
            conversations_checked=sum(result.conversations_checked for result in checked),
            interrupted=self._stopping.is_set(),
            complete=True,
        )

    async def _wait_for_connections(self) -> bool:
        """Wait until the workers have connected; False if `stop` was called first."""

        async def wait_for_workers() -> None:
            await asyncio.gather(*(worker.next_message(ConnectionsOpened) for worker in self._workers))

        connecting = asyncio.create_task(wait_for_workers())
        stopped = asyncio.create_task(self._wait_for_stop())
        await asyncio.wait({connecting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not connecting.done():
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            return False
        await connecting
        return True

    async def _wait_for_stop(self) -> None:
        await self._stopping.wait()

    async def _generate_load(self, servers: ServerPoller) -> float:
        """Let the workers generate load; return the duration in seconds."""
        await servers.poll()
        self._first_sample = {url: len(samples) for url, samples in servers.samples.items()}
        command = StartLoad(now_us() + int(START_DELAY_S * 1_000_000))
        for worker in self._workers:
            await worker.send(command)
        self._enter_phase("load")
        started = time.monotonic()
        try:
            async with asyncio.timeout(START_DELAY_S + self._options.duration_s):
                await self._stopping.wait()
        except TimeoutError:
            pass
        await servers.poll()
        self._last_sample = {url: len(samples) for url, samples in servers.samples.items()}
        return max(0.0, time.monotonic() - started - START_DELAY_S)

    def _samples_under_load(self, servers: ServerPoller) -> dict[str, list[ServerSample]]:
        """Return the samples taken during the load phase."""
        return {
            url: samples[max(0, self._first_sample.get(url, 1) - 1) : self._last_sample.get(url)]
            for url, samples in servers.samples.items()
        }

    # --- evaluation

    async def _stop_workers(self) -> list[LoadStopped]:
        self._enter_phase("draining")
        for worker in self._workers:
            await worker.send(StopLoad(self._options.reply_timeout_s))
        return [await worker.next_message(LoadStopped) for worker in self._workers]

    async def _check_delivery(self, stopped: list[LoadStopped]) -> list[DeliveryChecked]:
        self._enter_phase("checking")
        heads: dict[str, int] = {}
        for result in stopped:
            for conversation_id, head in result.heads.items():
                heads[conversation_id] = max(head, heads.get(conversation_id, 0))
        acknowledged: list[Acknowledged] = [message for result in stopped for message in result.acknowledged]
        checks = -(-self._options.list_checks // max(1, len(self._workers)))
        for worker in self._workers:
            await worker.send(CheckDelivery(heads, acknowledged, self._options.delivery_timeout_s, checks))
        return [await worker.next_message(DeliveryChecked) for worker in self._workers]

    # --- progress

    def _tick_handler(self, index: int) -> Callable[[Tick], None]:
        def on_tick(tick: Tick) -> None:
            self._series.add(index, tick)

        return on_tick

    def _enter_phase(self, phase: str) -> None:
        self._series.close_point()
        self._series.phase = phase
        self._display.begin_phase(phase)

    async def _poll_servers(self, servers: ServerPoller) -> None:
        while True:
            await asyncio.sleep(SAMPLE_INTERVAL_S)
            await servers.poll()
            self._series.close_point()
            self._display.update(self._series, servers.samples)
