"""Leads a run: sets the stage, has the workers come, play, stop and judge, and gathers what they tell.

    stage over HTTP -> plans -> workers come -> play -> stop -> what was acknowledged -> all see it -> judged

Told to stop, it goes on to the judging with what there is. It makes no load itself, so that what it shows
costs the load nothing.
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

CONNECT_TIMEOUT_S: Final = 90.0
SAMPLE_INTERVAL_S: Final = 1.0
START_DELAY_S: Final = 0.3
"""So long after it was told does everybody begin, so that all begin together."""


class ServerUnreachable(Exception):  # noqa: N818 - what is the matter, said to a person
    """A server did not answer before the load began."""


class Coordinator:
    """`people` come from a file, or are registered where there are none. `show` is told how it goes."""

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
        """Whether it was told to end early."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """End it early, with what there is."""
        self._stopping.set()

    async def run(self) -> RunResult:
        """Raises `OptionsFaulty`, `TooFewFiles`, `NotReached`, `WorkerDied`, or a `ClientError`."""
        options = self._options
        options.validate()
        check_open_file_limit(options.connections, options.processes)
        began_at = time.time()
        async with aiohttp.ClientSession() as session:
            await self._check_servers(session)
            stage = await self._set_up(session)
            servers = ServerPoller(options.urls, session)
            await servers.poll()
            before = {url: readings[-1] for url, readings in servers.samples.items() if readings}
            watching = asyncio.create_task(self._poll_servers(servers))
            try:
                return await self._run_load(stage, servers, before, began_at)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await asyncio.gather(*(child.close() for child in self._workers))

    # --- before

    async def _check_servers(self, session: aiohttp.ClientSession) -> None:
        for url in self._options.urls:
            try:
                async with session.get(f"{url}/healthz", timeout=aiohttp.ClientTimeout(total=5)) as response:
                    if response.status == 200:
                        continue
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise ServerUnreachable(f"{url} does not answer: {type(error).__name__}") from error
            raise ServerUnreachable(f"{url}/healthz answers with {response.status}")

    async def _set_up(self, session: aiohttp.ClientSession) -> SetupState:
        making = SetupClient(session, self._options.urls, self._display.setup_progress)
        wanted = users_needed(self._options)
        people = self._users[:wanted] or await register_users(making, wanted)
        stage = SetupState(people)
        await SETUP_FUNCTIONS[self._options.scenario](making, stage)
        return stage

    # --- the load

    async def _run_load(
        self, state: SetupState, servers: ServerPoller, baseline: dict[str, ServerSample], started_at: float
    ) -> RunResult:
        plans = plan_workers(self._options, state, self._run_id)
        for number, plan in enumerate(plans):
            child = await WorkerProcess.start(self._tick_handler(number))
            self._workers.append(child)
            await child.send(plan)
        self._display.begin_phase("coming")
        came = await self._wait_for_connections()
        load_s = 0.0
        if came:
            load_s = await self._generate_load(servers)
        stopped = await self._stop_workers()
        ended = await self._check_delivery(stopped)
        self._series.close_point()
        return RunResult(
            options=self._options,
            run_id=self._run_id,
            started_at=started_at,
            load_s=load_s,
            series=self._series,
            baseline=baseline,
            samples=self._samples_under_load(servers),
            unanswered=sum(one.unanswered for one in stopped),
            disconnected=sum(one.disconnected for one in ended),
            users_checked=sum(one.users_checked for one in ended),
            conversations_checked=sum(one.conversations_checked for one in ended),
            interrupted=self._stopping.is_set(),
            complete=True,
        )

    async def _wait_for_connections(self) -> bool:
        """Wait until everybody is there; False where it was stopped before."""

        async def wait_for_workers() -> None:
            await asyncio.gather(*(child.next_message(ConnectionsOpened) for child in self._workers))

        coming = asyncio.create_task(wait_for_workers())
        stopping = asyncio.create_task(self._wait_for_stop())
        await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not coming.done():
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            return False
        await coming
        return True

    async def _wait_for_stop(self) -> None:
        await self._stopping.wait()

    async def _generate_load(self, servers: ServerPoller) -> float:
        """Have everybody play; answers for how long they did, in s."""
        await servers.poll()
        self._first_sample = {url: len(readings) for url, readings in servers.samples.items()}
        begin = StartLoad(now_us() + int(START_DELAY_S * 1_000_000))
        for child in self._workers:
            await child.send(begin)
        self._enter_phase("load")
        began = time.monotonic()
        try:
            async with asyncio.timeout(START_DELAY_S + self._options.duration_s):
                await self._stopping.wait()
        except TimeoutError:
            pass
        await servers.poll()
        self._last_sample = {url: len(readings) for url, readings in servers.samples.items()}
        return max(0.0, time.monotonic() - began - START_DELAY_S)

    def _samples_under_load(self, servers: ServerPoller) -> dict[str, list[ServerSample]]:
        """The readings of the load alone."""
        return {
            url: readings[max(0, self._first_sample.get(url, 1) - 1) : self._last_sample.get(url)]
            for url, readings in servers.samples.items()
        }

    # --- after

    async def _stop_workers(self) -> list[LoadStopped]:
        self._enter_phase("answers")
        for child in self._workers:
            await child.send(StopLoad(self._options.reply_timeout_s))
        return [await child.next_message(LoadStopped) for child in self._workers]

    async def _check_delivery(self, stopped: list[LoadStopped]) -> list[DeliveryChecked]:
        self._enter_phase("judging")
        heads: dict[str, int] = {}
        for one in stopped:
            for conversation_id, head in one.heads.items():
                heads[conversation_id] = max(head, heads.get(conversation_id, 0))
        acknowledged: list[Acknowledged] = [each for one in stopped for each in one.acknowledged]
        checks = -(-self._options.list_checks // max(1, len(self._workers)))
        for child in self._workers:
            await child.send(CheckDelivery(heads, acknowledged, self._options.delivery_timeout_s, checks))
        return [await child.next_message(DeliveryChecked) for child in self._workers]

    # --- meanwhile

    def _tick_handler(self, number: int) -> Callable[[Tick], None]:
        def on_tick(tick: Tick) -> None:
            self._series.add(number, tick)

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
