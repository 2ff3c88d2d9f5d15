"""What it costs to pass a message between actors, and what an idle actor holds.

`python -m bench.actors`. Every message wakes another actor, the worst case of dispatch: a turn of the run
queue carries one message. It needs no store and no socket.
"""

import asyncio
import gc
import os
import time
import tracemalloc

import uvloop

from actors.runtime.actor_ref import ActorRef
from actors.runtime.registry import Registry, RestartPolicy
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import SERVER_CORE
from bench.harness.report import Goal, Report, format_number, format_spread, print_and_exit
from bench.harness.rounds import Spread

ACTORS = 1000
MESSAGES_IN_FLIGHT = 100
IDLE_ACTORS = 20_000
GOAL_PER_S = 1_000_000.0
GOAL_IDLE_BYTES = 900
IntRegistry = Registry[int, int]


class ForwardingActor:
    """Passes what it gets on to a neighbour, by the neighbour's key."""

    __slots__ = ("_key", "_registry", "received")

    def __init__(self, key: int, registry: "list[IntRegistry]") -> None:
        self._key = key
        self._registry = registry
        self.received = 0

    async def activate(self) -> None:
        pass

    async def passivate(self) -> None:
        pass

    def on_crash(self, reason: Exception) -> None:
        pass

    @property
    def busy(self) -> bool:
        return False

    def receive(self, message: int) -> None:
        self.received += 1
        if message:
            self._registry[0].tell((self._key * 7 + 1) % ACTORS, message - 1)

    def refuse(self, message: int, reason: Exception) -> None:  # noqa: ARG002 - the runtime's signature
        raise AssertionError(reason)


def make_registry() -> tuple[IntRegistry, list[ForwardingActor]]:
    loop = asyncio.get_running_loop()
    passers: list[ForwardingActor] = []
    handle: list[IntRegistry] = []

    def make(key: int) -> ForwardingActor:
        passers.append(ForwardingActor(key, handle))
        return passers[-1]

    handle.append(
        Registry(
            make,
            RunQueue(loop),
            TimerWheel(loop),
            mailbox_limit=1000,
            idle_s=3600.0,
            restart_policy=RestartPolicy(5, 60.0),
        )
    )
    return handle[0], passers


async def activate_all(registry: IntRegistry, count: int) -> list[ActorRef[int]]:
    cells = [registry.ensure_active(key) for key in range(count)]
    while not all(cell.idle for cell in cells):  # noqa: ASYNC110 - a cell has no event to wait for
        await asyncio.sleep(0)
    return cells


async def messages_per_s(messages: int) -> float:
    """By key, through the registry, as the product does it."""
    registry, passers = make_registry()
    await activate_all(registry, ACTORS)
    began = time.process_time()
    for token in range(MESSAGES_IN_FLIGHT):
        registry.tell(token * (ACTORS // MESSAGES_IN_FLIGHT), messages // MESSAGES_IN_FLIGHT)
    expected = MESSAGES_IN_FLIGHT * (messages // MESSAGES_IN_FLIGHT + 1)
    while sum(passer.received for passer in passers) < expected:  # noqa: ASYNC110 - an event would cost
        await asyncio.sleep(0.02)
    took = time.process_time() - began
    await registry.close(1.0)
    return expected / took


async def idle_bytes() -> float:
    """Memory requested for an actor of three fields, its mailbox and its entries in the registry."""
    registry, passers = make_registry()
    await activate_all(registry, 10)
    gc.collect()
    tracemalloc.start()
    cells = await activate_all(registry, IDLE_ACTORS)
    del cells
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    found = held / (len(passers) - 10)
    await registry.close(30.0)
    return found


def run(options: Options) -> Report:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE} & before or before)
    try:
        rates = [
            uvloop.run(messages_per_s(int(1_000_000 * options.seconds)))
            for _ in range(max(3, options.rounds))
        ]
        bytes_each = uvloop.run(idle_bytes())
    finally:
        os.sched_setaffinity(0, before)
    found = Spread.of(rates)
    return Report(
        "Actors",
        [
            Goal("messages a CPU-second, each waking another actor", GOAL_PER_S, found),
            Goal(
                "an idle actor",
                GOAL_IDLE_BYTES,
                Spread(bytes_each, bytes_each, bytes_each),
                " B",
                at_most=True,
            ),
        ],
        f"{ACTORS} actors, {MESSAGES_IN_FLIGHT} messages in flight, by key through the registry: "
        f"{format_spread(found)}/s. "
        f"{format_number(IDLE_ACTORS)} idle actors.",
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
