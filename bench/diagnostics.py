"""Cost per message of what operators see: black boxes, and tracing that is off or on.

`python -m bench.diagnostics`. One core on in-memory stores, in this process: a client sends messages to a
conversation with ten members, and each is decoded, stored, published and written to all. The variants
alternate in random order; ratios are computed per round, from CPU time. The in-memory stores do almost
nothing, so a message costs less here than on a server, and the shares are upper bounds.
"""

import asyncio
import random
import timeit
import tracemalloc
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from time import process_time

import msgspec

from actors.accounts.authenticator import Authenticator
from actors.core import Core, CoreOptions, CoreStores
from actors.delivery.send_queue import SendQueue, SeqRange
from actors.protocol.commands import CommandDecoders, json_decoders
from actors.protocol.event_filter import EventGroup
from actors.protocol.objects import ConversationType, UserCard
from actors.runtime.actor_ref import ActorRef
from actors.runtime.black_box import BOX_BYTES, EVENT_BYTES, EVENTS_PER_BOX, BlackBoxes
from actors.runtime.tracing import MessageTracing
from actors.sessions.session import Session
from bench.harness.options import Options, read_options
from bench.harness.report import Goal, Report, format_spread, print_and_exit
from bench.harness.rounds import Spread, interleave
from config.limits import Limits
from server.observability.tracing import OpenTelemetryTracing
from storage.contracts.users import Identity, UserRecord
from storage.memory.bus import MemoryBroker, MemoryBus
from storage.memory.messaging import MemoryMessaging
from storage.memory.user_streams import MemoryUserStreams
from storage.memory.users import MemoryLogins, MemorySessions, UserTables

MEMBERS = 10
MESSAGES = 2000
IN_FLIGHT = 16
LIMITS = Limits(messages_per_s=10_000_000, messages_burst=10_000_000, mailbox_messages=100_000)
OFF, BOXES, TRACED = "both off", "black boxes on", "tracing on, all messages"
BOXES_GOAL, OFF_GOAL_PERCENT = 1.05, 1.0
CHECKS_PER_MESSAGE = MEMBERS
"""Tests for None or False on the way of a message while tracing is off: seven, rounded up."""


class Client:
    """A `Transport` that counts the replies to its commands and drops what it is sent."""

    def __init__(self, core: Core, user_id: str) -> None:
        self.replies = 0
        self.send_queue = SendQueue(self, self, core.flusher, LIMITS)
        self.session = Session(self, core.session_dependencies)
        self.ref: ActorRef[bytes | Identity] = ActorRef(
            self.session, core.run_queue, LIMITS.mailbox_messages, lambda _ref, _error: None
        )
        now = datetime.now(UTC)
        user = UserRecord(user_id, "", "user", None, None, None, verified=False, created_at=now)
        self._identity = Identity(f"session of {user_id}", user, now + timedelta(days=1))

    async def connect(self) -> None:
        self.ref.deliver_inline(self._identity)
        while self.session.user is None:  # noqa: ASYNC110 - a busy loop is the point
            await asyncio.sleep(0)

    def write(self, data: bytes) -> None:
        self.replies += data.count(b'"type":"ok"')

    def on_too_slow(self) -> None:
        raise AssertionError

    def on_skipped(self, seq_range: SeqRange) -> None:  # noqa: ARG002
        raise AssertionError

    @property
    def command_decoders(self) -> CommandDecoders:
        return json_decoders

    def set_event_filter(self, groups: Collection[EventGroup] | None) -> None:
        pass

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:  # noqa: ARG002
        raise AssertionError(reason)

    def on_authenticated(self) -> None:
        pass


class Variant:
    """A core with a conversation, and its members' clients."""

    def __init__(self, name: str, core: Core) -> None:
        self.name = name
        self.core = core
        self._clients: list[Client] = []
        self._conversation_id = ""
        self._sent = 0

    async def start(self) -> None:
        await self.core.start()
        ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(MEMBERS)]
        cards = await load_cards(ids)
        created = await self.core.conversations.create(
            cards[ids[0]], ConversationType.GROUP, ids[1:], "group", None
        )
        self._conversation_id = created.conversation.id
        self._clients = [Client(self.core, user_id) for user_id in ids]
        for client in self._clients:
            await client.connect()

    async def send(self, count: int) -> float:
        """Send messages, a limited number at a time. Return the CPU seconds of one."""
        client = self._clients[0]
        frames = [self._frame() for _ in range(count)]
        done = client.replies
        started = process_time()
        for start in range(0, count, IN_FLIGHT):
            batch = frames[start : start + IN_FLIGHT]
            for frame in batch:
                client.ref.deliver_inline(frame)
            done += len(batch)
            while client.replies < done:  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0)
        return (process_time() - started) / count

    def _frame(self) -> bytes:
        self._sent += 1
        command = {
            "type": "message.send",
            "id": self._sent,
            "conversation_id": self._conversation_id,
            "client_id": f"c{self._sent}",
            "content": "x" * 100,
        }
        return msgspec.json.encode(command)


def run(options: Options) -> Report:
    costs = asyncio.run(measure(options))
    check_s = min(timeit.repeat("if a is not None: pass", "a = None", number=1_000_000)) / 1_000_000
    percent = Spread.of([100 * CHECKS_PER_MESSAGE * check_s / cost_s for cost_s in costs[OFF]])
    event_bytes, box_bytes = measure_memory()
    goals = [
        Goal(f"CPU of a message, {BOXES} / {OFF}", BOXES_GOAL, ratio(costs, BOXES), at_most=True),
        Goal(
            "tracing off: its checks, of the CPU of a message", OFF_GOAL_PERCENT, percent, " %", at_most=True
        ),
        Goal("an event in a black box", EVENT_BYTES, Spread.of([event_bytes]), " B", at_most=True),
        Goal("an empty black box", BOX_BYTES, Spread.of([box_bytes]), " B", at_most=True),
    ]
    lines = ["| variant | CPU us per message | x off |", "|---|---|---|"]
    for name, costs_s in costs.items():
        each_us = Spread.of([1e6 * cost_s for cost_s in costs_s])
        lines.append(f"| {name} | {format_spread(each_us)} | {format_spread(ratio(costs, name))} |")
    title = f"Black boxes and tracing, {options.rounds} rounds of {MESSAGES} messages to {MEMBERS} members"
    return Report(title, goals, "\n".join(lines))


def ratio(costs: Mapping[str, Sequence[float]], name: str) -> Spread:
    return Spread.of([cost / off for cost, off in zip(costs[name], costs[OFF], strict=True)])


async def measure(options: Options) -> dict[str, list[float]]:
    """Return the CPU seconds of a message per variant and round."""
    async with AsyncExitStack() as stack:
        variants = [
            create_variant(OFF, has_black_boxes=False),
            create_variant(BOXES, has_black_boxes=True),
            create_variant(TRACED, has_black_boxes=False, tracing=create_tracing()),
        ]
        for variant in variants:
            await variant.start()
            stack.push_async_callback(variant.core.stop)
            await variant.send(MESSAGES // 4)
        costs: dict[str, list[float]] = {variant.name: [] for variant in variants}
        for _, variant in interleave(variants, options.rounds, random.Random(options.seed)):
            costs[variant.name].append(await variant.send(MESSAGES))
        return costs


def create_variant(name: str, *, has_black_boxes: bool, tracing: MessageTracing | None = None) -> Variant:
    broker, tables = MemoryBroker(), UserTables()
    authenticator = Authenticator(MemorySessions(tables), MemoryLogins(tables), LIMITS)
    stores = CoreStores(MemoryMessaging(), MemoryBus(broker), MemoryUserStreams(broker))
    options = CoreOptions("i1", LIMITS, lambda event: event + b"\n", has_black_boxes, tracing)
    return Variant(name, Core(stores, authenticator, load_cards, options))


def create_tracing() -> OpenTelemetryTracing:
    """Tracing that records every span and exports none."""
    from opentelemetry.sdk.trace import TracerProvider

    return OpenTelemetryTracing(TracerProvider(shutdown_on_exit=False))


def measure_memory() -> tuple[float, float]:
    """Return the bytes of an event, with an id and numbers of its own, and of an empty box."""
    boxes = BlackBoxes(10_000, 1 << 40)
    tracemalloc.start()
    empty = tracemalloc.get_traced_memory()[0]
    opened = [boxes.open(f"{number:024x}") for number in range(1000)]
    with_boxes = tracemalloc.get_traced_memory()[0]
    for number, box in enumerate(opened):
        for seq in range(EVENTS_PER_BOX):
            box.add("replayed", f"{number:024x}", "resume", 1000 + seq, 2000 + seq)
    with_events = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (with_events - with_boxes) / 1000 / EVENTS_PER_BOX, (with_boxes - empty) / 1000


async def load_cards(user_ids: Sequence[str]) -> Mapping[str, UserCard]:
    return {user_id: UserCard(user_id, "user", None, None, verified=False) for user_id in user_ids}


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
