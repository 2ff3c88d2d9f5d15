"""CPU of comparing open rooms with their logs, which makes delivery complete whatever the bus loses.

`python -m bench.head_comparison`. One instance with a member in each of 10,000 conversations, on the real
document store; nothing is sent. The same process runs with the comparison and without it, in turns.
"""

import asyncio
import random
import sys
import time
from collections.abc import Mapping, Sequence

import uvloop

from actors.accounts.authenticator import Authenticator
from actors.conversations.log_reader import LogReader
from actors.core import Core, CoreOptions, CoreStores
from actors.delivery.head_comparison import COMPARE_PERIOD_S, HeadComparison
from actors.delivery.send_queue import SendQueue, SeqRange
from actors.protocol.objects import UserCard
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import SERVER_CORE, on_core
from bench.harness.report import Goal, Report, format_spread, print_and_exit
from bench.harness.rounds import Spread
from bench.harness.stores import BenchStores
from bench.message_log import make_entry
from config.limits import Limits
from storage.contracts.identifiers import new_id
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.memory.user_streams import MemoryUserStreams
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from storage.mongo.messaging import MongoMessaging

ROOMS = 10_000
APPEND_ENTRIES = 500
GOAL_PERCENT = 1.0
LIMITS = Limits()


class Member:
    """Implements `RoomSubscriber`; receives nothing, because nothing is sent."""

    user_id = "00000000-0000-4000-8000-000000000001"

    def __init__(self, core: Core) -> None:
        self.send_queue = SendQueue(self, self, core.flusher, LIMITS)

    def write(self, data: bytes) -> None:
        raise AssertionError(data)

    def on_too_slow(self) -> None:
        raise AssertionError

    def on_skipped(self, seq_range: SeqRange) -> None:
        raise AssertionError(seq_range)

    def push_lagged(self, conversation_id: str, from_seq: int, to_seq: int) -> None:
        raise AssertionError(conversation_id, from_seq, to_seq)


def run(options: Options) -> Report:
    if options.baselines_only:
        return Report("Comparison of rooms with their logs", [], "Not measured without Convene.")
    with BenchStores() as stores, on_core(SERVER_CORE):
        percents = uvloop.run(measure(stores.environment["CONVENE_MONGO_URL"], options))
    spread = Spread.of(percents)
    return Report(
        f"Comparison of {ROOMS} rooms with their logs, {len(percents)} rounds of a period",
        [Goal("CPU of a core", GOAL_PERCENT, spread, " %", at_most=True)],
        f"Every room once in {COMPARE_PERIOD_S:g} s: {format_spread(spread)} % of a core.",
    )


async def measure(url: str, options: Options) -> list[float]:
    """Return the share of a core in percent, one per round."""
    messaging = await MongoMessaging.open(url, "bench_heads")
    conversation_ids = [new_id() for _ in range(ROOMS)]
    for start in range(0, ROOMS, APPEND_ENTRIES):
        await messaging.append(
            [make_entry(id_, 1) for id_ in conversation_ids[start : start + APPEND_ENTRIES]]
        )
    broker, tables = MemoryBroker(), UserTables()
    core = Core(
        CoreStores(messaging, MemoryBus(broker), MemoryUserStreams(broker)),
        Authenticator(MemorySessions(tables), MemoryLogins(tables), LIMITS),
        load_cards,
        CoreOptions("i1", LIMITS, lambda event: event),
    )
    await core.start()
    await core.head_comparison.close()
    log_reader = LogReader(messaging, load_cards, lambda event: event)
    member = Member(core)
    await core.rooms.join(member, [(conversation_id, 1) for conversation_id in conversation_ids])
    random.Random(options.seed).shuffle(conversation_ids)
    percents = []
    for number in range(options.rounds):
        idle_s = await measure_period(None)
        comparison = HeadComparison(core.rooms, log_reader)
        busy_s = await measure_period(comparison)
        percents.append(100 * (busy_s - idle_s) / COMPARE_PERIOD_S)
        print(f"round {number + 1}  {percents[-1]:.2f} % of a core", file=sys.stderr, flush=True)
    core.rooms.leave(member, conversation_ids)
    await core.stop()
    messaging.close()
    return percents


async def measure_period(comparison: HeadComparison | None) -> float:
    """Return the CPU seconds of this process in one period, the last lookup included."""
    started = time.process_time()
    if comparison is not None:
        comparison.start()
    await asyncio.sleep(COMPARE_PERIOD_S * 1.05)
    if comparison is not None:
        await comparison.close()
    return time.process_time() - started


async def load_cards(user_ids: Sequence[str]) -> Mapping[str, UserCard]:
    return {user_id: UserCard(user_id, "user", None, None, verified=False) for user_id in user_ids}


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
