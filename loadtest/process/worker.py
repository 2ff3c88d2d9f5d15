"""A worker process: connects its virtual users, generates load and checks what they received.

Controlled over standard input and output, see `worker_protocol`. Ends when the coordinator does.
"""

import asyncio
import random
from typing import Final

from loadtest.check.faults import FaultRecorder
from loadtest.check.log_observer import LogObserver
from loadtest.http_calls import HttpCalls
from loadtest.metrics.clock import now_us
from loadtest.metrics.counters import Counters
from loadtest.metrics.latencies import LatencyRecorder
from loadtest.process.open_file_limit import raise_open_file_limit
from loadtest.process.self_monitor import SelfMonitor, cpu_s
from loadtest.process.worker_protocol import (
    CheckDelivery,
    ConnectionsOpened,
    DeliveryChecked,
    LoadStopped,
    StartLoad,
    StopLoad,
    Tick,
)
from loadtest.run_plan import Scenario, WorkerPlan
from loadtest.scenarios.pacer import Pacer
from loadtest.scenarios.scenarios import WORKLOADS
from loadtest.scenarios.workload import ScenarioContext
from loadtest.virtual_users.conversation_list_check import ConversationListCheck
from loadtest.virtual_users.log_fetcher import LogFetcher
from loadtest.virtual_users.user_pool import UserPool
from loadtest.virtual_users.virtual_user import VirtualUser
from loadtest.virtual_users.worker_context import WorkerContext
from loadtest.websocket.frame_decoder import FrameDecoder
from loadtest.websocket.handshake import Address

TICK_S: Final = 0.5
CONNECT_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.05


class Worker:
    """Executes one `WorkerPlan`."""

    def __init__(self, plan: WorkerPlan) -> None:
        self._plan = plan
        self._faults = FaultRecorder()
        self._log_observer = LogObserver(plan.run_id, self._faults)
        self._log_observer.shared_conversations = frozenset(plan.shared_conversations)
        self._counters = Counters()
        self._latencies = LatencyRecorder()
        urls = [*plan.urls, *plan.standby]
        self._http_calls = HttpCalls(urls, self._counters, self._latencies)
        self._log_fetcher = LogFetcher(self._user_by_number, self._http_calls, self._log_observer)
        rng = random.Random(plan.seed)  # noqa: S311 - reproducible
        context = WorkerContext(
            run_id=plan.run_id,
            addresses=tuple(Address.parse(url) for url in urls),
            observer=self._log_observer,
            faults=self._faults,
            counters=self._counters,
            latencies=self._latencies,
            decoder=FrameDecoder(self._log_observer.observe),
            rng=rng,
            fetch=self._log_fetcher.start_fetch,
        )
        self._has_sockets = plan.scenario != Scenario.FEED
        self._user_pool = UserPool(plan.assignments if self._has_sockets else [], context)
        self._users = {user.number: user for user in self._user_pool.users}
        self._workload = WORKLOADS[plan.scenario](
            ScenarioContext(plan, self._user_pool, context, self._http_calls, rng)
        )
        self._pacer = Pacer(plan.rate_per_s, rng, self._workload.perform)
        self._self_monitor = SelfMonitor(asyncio.get_running_loop())
        self._load_task: asyncio.Task[None] | None = None

    def _user_by_number(self, number: int) -> VirtualUser:
        return self._users[number]

    # --- commands

    async def open_connections(self) -> ConnectionsOpened:
        """Connect all virtual users."""
        raise_open_file_limit(len(self._user_pool.users))
        await self._user_pool.connect_all(CONNECT_TIMEOUT_S)
        ready_count = self._user_pool.ready_count
        return ConnectionsOpened(ready_count, len(self._user_pool.users) - ready_count)

    def start_load(self, command: StartLoad) -> None:
        """Start the load at `start_us`."""
        self._load_task = asyncio.create_task(self._run_load(command.start_us))

    async def stop_load(self, command: StopLoad) -> LoadStopped:
        """Stop new requests; wait for replies and for reconnecting users."""
        self._pacer.stop()
        if self._load_task is not None:
            self._load_task.cancel()
            await asyncio.gather(self._load_task, return_exceptions=True)
        end_us = now_us() + int(command.reply_timeout_s * 1_000_000)
        while now_us() < end_us and self._has_unanswered():  # noqa: ASYNC110 - polled
            await asyncio.sleep(POLL_S)
        unanswered = self._user_pool.unanswered_count + self._http_calls.in_flight
        return LoadStopped(unanswered, self._log_observer.heads(), self._log_observer.acknowledged)

    async def check_delivery(self, command: CheckDelivery) -> DeliveryChecked:
        """Wait until everything acknowledged was received, then check for faults."""
        self._log_observer.add_acknowledgements(command.acknowledged)
        end_us = now_us() + int(command.delivery_timeout_s * 1_000_000)
        while now_us() < end_us and self._has_undelivered(command):  # noqa: ASYNC110 - polled
            await asyncio.sleep(POLL_S)
        checked = await self._check_conversation_lists(command.list_checks)
        self._log_observer.check_replays()
        for user in self._user_pool.ready_users():
            user.checker.check_complete(command.heads)
        disconnected = len(self._user_pool.users) - self._user_pool.ready_count
        return DeliveryChecked(disconnected, checked.users_checked, checked.conversations_checked)

    async def close(self) -> None:
        self._pacer.stop()
        if self._load_task is not None:
            self._load_task.cancel()
            await asyncio.gather(self._load_task, return_exceptions=True)
        self._user_pool.close_all()
        self._self_monitor.close()
        await self._log_fetcher.close()
        await self._http_calls.close()

    # --- progress

    def tick(self) -> Tick:
        """Return the metrics of the interval since the last call."""
        return Tick(
            at_us=now_us(),
            ready_count=self._user_pool.ready_count if self._has_sockets else len(self._plan.assignments),
            counts=self._counters.counts(),
            errors=dict(self._counters.errors),
            fault_counts=dict(self._faults.counts),
            faults=self._faults.take_details(),
            latencies=self._latencies.take(),
            cpu_s=cpu_s(),
            lag_ms=self._self_monitor.take_lag_ms(),
            late_ms=self._pacer.take_lateness_ms(),
        )

    # --- internals

    async def _run_load(self, start_us: int) -> None:
        end_us = start_us + int(self._plan.duration_s * 1_000_000)
        await asyncio.sleep(max(0, start_us - now_us()) / 1_000_000)
        await asyncio.gather(
            self._pacer.run(start_us, end_us), self._workload.run_background(start_us, end_us)
        )

    def _has_unanswered(self) -> bool:
        return bool(self._user_pool.unanswered_count or self._http_calls.in_flight or not self._all_settled())

    def _all_settled(self) -> bool:
        return self._user_pool.ready_count + self._user_pool.closed_count == len(self._user_pool.users)

    def _has_undelivered(self, command: CheckDelivery) -> bool:
        return bool(self._log_fetcher.in_flight) or any(
            user.checker.is_behind(command.heads) or not user.checker.in_sequence
            for user in self._user_pool.ready_users()
        )

    async def _check_conversation_lists(self, users_max: int) -> ConversationListCheck:
        check = ConversationListCheck(
            self._http_calls,
            self._log_observer,
            self._faults,
            self._http_calls.server_count,
            self._plan.new_conversations,
        )
        by_user = {user.user_id: user for user in self._user_pool.ready_users() if user.checker.positions}
        users = list(by_user.values())
        random.Random(self._plan.seed).shuffle(users)  # noqa: S311 - reproducible
        await check.check(users[:users_max])
        return check
