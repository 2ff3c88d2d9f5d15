"""Recovery under load: a store, an instance or the links between them fail for a while, and the load goes on.

`python -m bench.recovery`. Two instances write to the same groups, one of them hot. Messages are sent on the
clock by the Python client, which retries as the server asks. Per fault: the time after its end until the p99
of the messages sent in a two-second window is below twice its normal value, and the entries that the
instances tried to append, divided by those stored. `--faults TEXT` runs those whose name contains the text.
"""

import asyncio
import random
import statistics
import sys
import time
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack

import aiohttp
import msgspec

from bench.harness.bench_users import UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.injected_faults import Fault, Installation, list_faults
from bench.harness.members import Member
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import OTHER_CORE, SERVER_CORE
from bench.harness.report import Goal, Report, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.server import ServerFailed
from bench.harness.store_links import StoreLinks
from bench.harness.stores import BenchStores
from client.client import Client
from client.client_settings import ClientSettings
from client.errors import ClientError

GROUPS = 20
GROUP_SIZE = 4
HOT_SHARE = 0.3
DEFAULT_PER_S = 100.0
NORMAL_S = 5.0
MEASURE_S = 12.0
WINDOW_S = 2.0
GOAL_RECOVERED_S = 10.0
GOAL_ATTEMPTS = 1.5
P99_FLOOR_S = 0.05
"""A window counts as normal below this, whatever the normal p99 is: two seconds hold few messages."""
OUTSTANDING_MAX = 20_000


class Sent(msgspec.Struct):
    """One message: when it was due and when it was stored, on the monotonic clock."""

    due: float
    stored: float = 0.0


class Counts(msgspec.Struct, frozen=True):
    attempted: float
    stored: float


class Outcome(msgspec.Struct, frozen=True):
    fault: Fault
    normal_p99_s: float
    recovered_after_s: float
    attempts_per_stored: float
    worst_s: float
    failed: int


class Load:
    """Sends messages on the clock, to random members of random groups."""

    def __init__(self, clients: Sequence[tuple[Client, str]], per_s: float, rng: random.Random) -> None:
        self._groups: dict[str, list[Client]] = {}
        for client, conversation_id in clients:
            self._groups.setdefault(conversation_id, []).append(client)
        self._per_s = per_s
        self._rng = rng
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent: deque[Sent] = deque()
        self.failed = 0

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        names = list(self._groups)
        due = time.monotonic()
        while True:
            due += self._rng.expovariate(self._per_s)
            await asyncio.sleep(due - time.monotonic())
            if len(self._tasks) >= OUTSTANDING_MAX:
                raise ServerFailed(f"{OUTSTANDING_MAX} messages without an answer")
            name = names[0] if self._rng.random() < HOT_SHARE else self._rng.choice(names)
            task = loop.create_task(self._send(self._rng.choice(self._groups[name]), name, due))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, client: Client, conversation_id: str, due: float) -> None:
        sent = Sent(due)
        self.sent.append(sent)
        try:
            await client.send(conversation_id, f"message of {due:.6f}", deadline_s=120)
        except ClientError:
            self.failed += 1
        else:
            sent.stored = time.monotonic()

    def p99_s(self, start: float, end: float) -> float:
        """p99 of the messages due in `[start, end)`; those not stored yet count with their age."""
        now = time.monotonic()
        delays = sorted((sent.stored or now) - sent.due for sent in self.sent if start <= sent.due < end)
        return delays[int(len(delays) * 0.99)] if delays else 0.0


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Recovery", [], "Not measured without Convene: there is no baseline.")
    with ExitStack() as stack:
        stores = stack.enter_context(BenchStores())
        links = stack.enter_context(StoreLinks(stores.environment, options.seed))
        servers = [stack.enter_context(ConveneServer(links, core=core)) for core in (SERVER_CORE, OTHER_CORE)]
        setup = UserSetup(servers[0].url, servers[0].port)
        members = setup.create_rooms(setup.register(GROUPS * GROUP_SIZE), GROUP_SIZE)
        outcomes = asyncio.run(_run_faults(Installation(stores, servers, links), members, options))
    return Report(
        f"Recovery, {options.per_s or DEFAULT_PER_S:g} messages/s into {GROUPS} groups from two instances",
        [
            Goal(
                "seconds from the end of the fault until p99 is below twice normal",
                GOAL_RECOVERED_S,
                Spread.of([outcome.recovered_after_s for outcome in outcomes]),
                at_most=True,
            ),
            Goal(
                "entries attempted / stored",
                GOAL_ATTEMPTS,
                Spread.of([outcome.attempts_per_stored for outcome in outcomes]),
                at_most=True,
            ),
        ],
        _format_outcomes(outcomes),
        tuple(
            f"Invalid: {outcome.fault.name}: {outcome.failed} messages failed."
            for outcome in outcomes
            if outcome.failed
        ),
    )


async def _run_faults(
    installation: Installation, members: Sequence[Member], options: Options
) -> list[Outcome]:
    servers = installation.servers
    rng = random.Random(options.seed)
    outcomes = []
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        clients = []
        for number, member in enumerate(members):
            assert member.token is not None
            client = Client(
                [servers[number % 2].url],
                member.token,
                settings=ClientSettings(pending_requests_max=OUTSTANDING_MAX),
                on_frame=lambda _frame: None,
            )
            clients.append((await stack.enter_async_context(client), member.conversation))
        load = Load(clients, options.per_s or DEFAULT_PER_S, rng)
        task = asyncio.create_task(load.run())
        for fault in list_faults():
            if options.faults not in fault.name:
                continue
            outcomes.append(await _run_fault(fault, installation, load, http))
            _print_outcome(outcomes[-1])
            if task.done():
                await task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return outcomes


async def _run_fault(
    fault: Fault, installation: Installation, load: Load, http: aiohttp.ClientSession
) -> Outcome:
    load.sent.clear()
    load.failed = 0
    start = time.monotonic()
    await asyncio.sleep(NORMAL_S)
    normal_p99_s = load.p99_s(start, time.monotonic())
    before = await _counts(installation.servers, http)
    await fault.inject(installation)
    returned = time.monotonic()
    await asyncio.sleep(MEASURE_S)
    recovered = _recovered_after(load, returned, max(2 * normal_p99_s, P99_FLOOR_S))
    while any(not sent.stored for sent in load.sent if sent.due < returned + MEASURE_S):
        await asyncio.sleep(0.5)
        if load.failed or time.monotonic() > returned + 150:
            break
    after = await _counts(installation.servers, http)
    delays = [(sent.stored or time.monotonic()) - sent.due for sent in load.sent]
    return Outcome(
        fault,
        normal_p99_s,
        recovered,
        (after.attempted - before.attempted) / max(1, after.stored - before.stored),
        max(delays),
        load.failed,
    )


def _recovered_after(load: Load, returned: float, limit_s: float) -> float:
    """Seconds until the first window from which on every window's p99 is below the limit."""
    windows = int(MEASURE_S / WINDOW_S)
    recovered = 0.0
    for number in range(windows):
        start = returned + number * WINDOW_S
        if load.p99_s(start, start + WINDOW_S) > limit_s:
            recovered = (number + 1) * WINDOW_S
    return recovered


async def _counts(servers: Sequence[ConveneServer], http: aiohttp.ClientSession) -> Counts:
    attempted = stored = 0.0
    for server in servers:
        async with http.get(f"{server.url}/metrics") as response:
            for line in (await response.text()).splitlines():
                if line.startswith("convene_log_attempted_entries_total "):
                    attempted += float(line.split()[1])
                elif line.startswith("convene_log_entries_total "):
                    stored += float(line.split()[1])
    return Counts(attempted, stored)


def _print_outcome(outcome: Outcome) -> None:
    print(
        f"{outcome.fault.name:<36} normal p99 {outcome.normal_p99_s * 1000:.0f} ms, recovered after "
        f"{outcome.recovered_after_s:.0f} s, attempted/stored {outcome.attempts_per_stored:.2f}, "
        f"slowest {outcome.worst_s:.1f} s, {outcome.failed} failed",
        file=sys.stderr,
        flush=True,
    )


def _format_outcomes(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "| fault | normal p99 ms | recovered after s | attempted / stored | slowest message s |",
        "|---|" * 5,
    ]
    lines[1] = "|---|---|---|---|---|"
    lines += [
        f"| {outcome.fault.name} | {outcome.normal_p99_s * 1000:.0f} | {outcome.recovered_after_s:.0f}"
        f" | {outcome.attempts_per_stored:.2f} | {outcome.worst_s:.1f} |"
        for outcome in outcomes
    ]
    normal = statistics.median(outcome.normal_p99_s for outcome in outcomes)
    return "\n".join([*lines, "", f"Median of the normal p99: {normal * 1000:.0f} ms."])


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
