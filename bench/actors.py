"""Cost of a message between actors, and memory of an idle actor. No stores, no sockets.

`python -m bench.actors`. Every message schedules another actor, the worst case of dispatch: each turn of the
run queue handles a single message.
"""

import asyncio
import gc
import time
import tracemalloc

import uvloop

from actors.runtime.actor_ref import ActorRef
from actors.runtime.registry import Registry, RestartPolicy
from actors.runtime.run_queue import RunQueue
from actors.runtime.timer_wheel import TimerWheel
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import SERVER_CORE, on_core
from bench.harness.report import Goal, Report, format_number, format_spread, print_and_exit
from bench.harness.rounds import Spread

ACTORS = 1000
MESSAGES_IN_FLIGHT = 100
IDLE_ACTORS = 20_000
GOAL_PER_S = 1_000_000.0
GOAL_IDLE_BYTES = 900
IntRegistry = Registry[int, int]


class ForwardingActor:
    """Forwards each message to another actor by key until its hop count is 0."""

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
    actors: list[ForwardingActor] = []
    registry_holder: list[IntRegistry] = []

    def create_actor(key: int) -> ForwardingActor:
        actors.append(ForwardingActor(key, registry_holder))
        return actors[-1]

    registry_holder.append(
        Registry(
            create_actor,
            RunQueue(loop),
            TimerWheel(loop),
            mailbox_limit=1000,
            idle_s=3600.0,
            restart_policy=RestartPolicy(5, 60.0),
        )
    )
    return registry_holder[0], actors


async def activate_all(registry: IntRegistry, count: int) -> list[ActorRef[int]]:
    refs = [registry.ensure_active(key) for key in range(count)]
    while not all(ref.idle for ref in refs):  # noqa: ASYNC110 - an actor has no event to wait for
        await asyncio.sleep(0)
    return refs


async def messages_per_s(messages: int) -> float:
    """Return messages per CPU-second, addressed by key through the registry as in the server."""
    registry, actors = make_registry()
    await activate_all(registry, ACTORS)
    started_at = time.process_time()
    for number in range(MESSAGES_IN_FLIGHT):
        registry.tell(number * (ACTORS // MESSAGES_IN_FLIGHT), messages // MESSAGES_IN_FLIGHT)
    expected = MESSAGES_IN_FLIGHT * (messages // MESSAGES_IN_FLIGHT + 1)
    while sum(actor.received for actor in actors) < expected:  # noqa: ASYNC110 - an event would add cost
        await asyncio.sleep(0.02)
    duration_s = time.process_time() - started_at
    await registry.close(1.0)
    return expected / duration_s


async def idle_bytes() -> float:
    """Return the allocated memory of an actor with three fields, its mailbox and its registry entries."""
    registry, actors = make_registry()
    await activate_all(registry, 10)
    gc.collect()
    tracemalloc.start()
    refs = await activate_all(registry, IDLE_ACTORS)
    del refs
    gc.collect()
    allocated, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    bytes_each = allocated / (len(actors) - 10)
    await registry.close(30.0)
    return bytes_each


def run(options: Options) -> Report:
    with on_core(SERVER_CORE):
        rates = [
            uvloop.run(messages_per_s(int(1_000_000 * options.seconds)))
            for _ in range(max(3, options.rounds))
        ]
        bytes_each = uvloop.run(idle_bytes())
    rate = Spread.of(rates)
    return Report(
        "Actors",
        [
            Goal("messages a CPU-second, each waking another actor", GOAL_PER_S, rate),
            Goal(
                "an idle actor",
                GOAL_IDLE_BYTES,
                Spread(bytes_each, bytes_each, bytes_each),
                " B",
                at_most=True,
            ),
        ],
        f"{ACTORS} actors, {MESSAGES_IN_FLIGHT} messages in flight, by key through the registry: "
        f"{format_spread(rate)}/s. "
        f"{format_number(IDLE_ACTORS)} idle actors.",
    )


if __name__ == "__main__":
    print_and_exit(run(read_options(__doc__)))
