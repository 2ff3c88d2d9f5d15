"""Measures what units of work cost, and writes the cost model of `docs/scaling.md`.

`python -m bench.model`. CPU time of the instances and of each store is measured for connects, idle
connections, messages, pages of the feed and likes, about three minutes in all. `bench/scaling_model.py`
extrapolates.
"""

import itertools
import math
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.feed import build_timelines, insert_data
from bench.harness.bench_users import BenchUser, UserSetup
from bench.harness.convene_server import ConveneServer
from bench.harness.database_fixture import DatabaseFixture
from bench.harness.generator import Generator
from bench.harness.http_generator import HttpGenerator, encode_request
from bench.harness.injected_faults import STORES
from bench.harness.load_tester import prepare_users
from bench.harness.members import Member, split_between_ports
from bench.harness.options import Options, read_options
from bench.harness.process_cpu import cpu_seconds, resident_bytes
from bench.harness.stores import BenchStores
from bench.scaling_model import (
    ROOM_P99_MS,
    UTILISATION,
    Behaviour,
    Cost,
    Demand,
    Room,
    UnitCosts,
    demand_of_instances,
    demand_of_users,
    sustained_room_rate,
)
from loadtest.accounts.users_file import read_users

DOCUMENT = Path(__file__).parent.parent / "docs" / "scaling.md"
BEGIN, END = "<!-- python -m bench.model: begin -->\n", "<!-- python -m bench.model: end -->\n"
USERS = 1_000_000
INSTANCES = (10, 100, 1000)
IDLE_CONNECTIONS = 2000
PAIRS = 200
ROOMS, ROOM_MEMBERS = 10, 20
FOLLOWED = 100
PAIRS_PER_S, ROOMS_PER_S = 400.0, 50.0
SLICE_S = 10.0
WARM_UP_S = 3.0
SETTLE_S = 2.0
IDLE_S = 25.0
HTTP_CONCURRENCY = 8
BYTES_PER_GB = 2.0**30
REDIS_DELIVERY_US_MIN = 3.0
"""Assumed where the measured cost of a delivery is below the noise."""


class Post(msgspec.Struct, frozen=True):
    id: str


class FeedPage(msgspec.Struct, frozen=True):
    items: list[Post]


class Meter:
    """CPU time of all instances and stores, without what they use when there is nothing to do."""

    def __init__(self, stores: BenchStores, servers: Sequence[ConveneServer]) -> None:
        self._stores = stores
        self._pids = [pid for server in servers for pid in server.pids]
        self._idle_per_s = Cost()

    def calibrate(self) -> None:
        """Measure the use without work."""
        self._idle_per_s = self.measure(lambda: time.sleep(IDLE_S)) * (1 / (IDLE_S + SETTLE_S))

    def measure(self, work: Callable[[], object]) -> Cost:
        """Return the cost of `work` and of what follows within `SETTLE_S`."""
        before, started_at = self._read(), time.monotonic()
        work()
        time.sleep(SETTLE_S)
        return self._read() - before - self._idle_per_s * (time.monotonic() - started_at)

    def _read(self) -> Cost:
        stores = {name: self._stores.cpu_seconds(command) for name, (command, _) in STORES.items()}
        microseconds = Cost(
            instances=cpu_seconds(self._pids),
            mongodb=stores["document store"],
            postgresql=stores["PostgreSQL"],
            redis=stores["Valkey"],
        )
        return microseconds * 1e6


def main() -> None:
    options = read_options(__doc__)
    costs = measure_costs(msgspec.structs.replace(options, posts=20_000))
    text = DOCUMENT.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    DOCUMENT.write_text(text[:start] + format_model(costs, options.seed) + text[end:], encoding="utf-8")
    print(f"{DOCUMENT} written", file=sys.stderr)


def measure_costs(options: Options) -> UnitCosts:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stores = stack.enter_context(BenchStores())
        servers = [stack.enter_context(ConveneServer(stores, name=name)) for name in ("first", "second")]
        count = IDLE_CONNECTIONS + 2 * PAIRS + ROOMS * ROOM_MEMBERS
        file = prepare_users(count, folder / "users.json", stores.environment)
        users = iter([BenchUser(user.id, user.token) for user in read_users(file)])
        setup = UserSetup(servers[0].url, servers[0].port)
        meter = Meter(stores, servers)
        meter.calibrate()
        connection_bytes, connect, idle = _measure_connections(
            meter, servers[0], setup.create_pairs(take(users, IDLE_CONNECTIONS))
        )
        pairs = setup.create_pairs(take(users, 2 * PAIRS))
        message = _measure_messages(meter, pairs, PAIRS_PER_S)
        across = _measure_messages(meter, split_between_ports(pairs, servers[1].port), PAIRS_PER_S)
        rooms = setup.create_rooms(take(users, ROOMS * ROOM_MEMBERS), ROOM_MEMBERS)
        room_message = _measure_messages(meter, rooms, ROOMS_PER_S)
        feed_page, write = _measure_requests(meter, stores, servers[0], options)
    return UnitCosts(
        connection_bytes=connection_bytes,
        idle=idle,
        connect=connect,
        message=message,
        member=(room_message - message) * (1 / (ROOM_MEMBERS - 2)),
        crossing=across - message,
        feed_page=feed_page,
        write=write,
    )


def take(users: Iterator[BenchUser], count: int) -> list[BenchUser]:
    return list(itertools.islice(users, count))


def _measure_connections(
    meter: Meter, server: ConveneServer, members: Sequence[Member]
) -> tuple[float, Cost, Cost]:
    """Return the memory of a connection, the cost of a connect, and of an idle connection for a second."""
    before = sum(map(resident_bytes, server.pids))
    with ExitStack() as stack:
        connect = meter.measure(lambda: stack.enter_context(Generator(members)))
        memory = (sum(map(resident_bytes, server.pids)) - before) / len(members)
        idle = meter.measure(lambda: time.sleep(IDLE_S))
    seconds = (IDLE_S + SETTLE_S) * len(members)
    return memory, connect * (1 / len(members)), idle * (1 / seconds)


def _measure_messages(meter: Meter, members: Sequence[Member], per_s: float) -> Cost:
    """Return the cost of a message."""
    with Generator(members) as generator:
        generator.slice(WARM_UP_S, per_s=per_s)
        time.sleep(SETTLE_S)
        cost = meter.measure(lambda: generator.slice(SLICE_S, per_s=per_s))
    return cost * (1 / (SLICE_S * per_s))


def _measure_requests(
    meter: Meter, stores: BenchStores, server: ConveneServer, options: Options
) -> tuple[Cost, Cost]:
    """Return the cost of a page of the home feed, and of a like."""
    fixture = DatabaseFixture(stores.postgres_url, options.seed)
    _, readers = insert_data(fixture, options, random.Random(options.seed))
    with HttpGenerator(server.port, HTTP_CONCURRENCY) as generator:
        pages = build_timelines(generator, FOLLOWED, readers[FOLLOWED]).requests["first"]
        likes = [
            encode_request("PUT", f"/v1/posts/{post.id}/like", reader.token)
            for page, reader in zip(pages, readers[FOLLOWED], strict=True)
            for post in msgspec.json.decode(generator.send_one(page).body, type=FeedPage).items
        ]
        costs = []
        for requests in (itertools.cycle(pages), iter(likes)):
            completed: list[int] = []
            cost = meter.measure(
                lambda requests=requests, completed=completed: completed.append(  # type: ignore[misc]
                    generator.slice(requests, SLICE_S / 2, HTTP_CONCURRENCY).requests
                )
            )
            costs.append(cost * (1 / completed[0]))
    return costs[0], costs[1]


def format_model(costs: UnitCosts, seed: int) -> str:
    behaviour = Behaviour()
    units = {
        "an idle connection, for a second": costs.idle,
        "a connect": costs.connect,
        "a message to one other user": costs.message,
        "each further member on the instance": costs.member,
        "each further instance that has a member": costs.crossing,
        "a page of the home feed": costs.feed_page,
        "a like, with what follows": costs.write,
    }
    demands = [
        demand_of_users(costs, behaviour, USERS),
        *(demand_of_instances(costs, behaviour, number) for number in INSTANCES),
    ]
    measured = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, all on one machine, with the embedded document store. "
        f"CPU time in microseconds; a connection takes {costs.connection_bytes / 1000:.1f} kB."
    )
    assumed = (
        f"In the busiest hour {behaviour.online_share:.0%} of the users are online. Each of them sends "
        f"{behaviour.messages:g} messages, {behaviour.group_share:.0%} of them to groups with "
        f"{behaviour.group_online} members online, reads {behaviour.feed_pages:g} pages of the feed, "
        f"makes {behaviour.writes:g} writes and connects {behaviour.connects:g} times. Cores are planned to "
        f"be {UTILISATION:.0%} busy. The columns of stores are cores."
    )
    simulated = (
        "One conversation with a member on every instance, simulated: messages per second with a p99 of at "
        f"most {ROOM_P99_MS:g} ms until the last instance has them. A relay is an instance that passes "
        f"messages on to others; this is not implemented. A delivery by Redis takes at least "
        f"{REDIS_DELIVERY_US_MIN:g} us here, because less is below the noise of the measurement."
    )
    return "\n".join(
        [
            measured,
            "",
            "| work | instances | document store | PostgreSQL | Redis |",
            "|---|---|---|---|---|",
            *(
                f"| {name} | " + " | ".join(f"{value:.1f}" for value in cost.values()) + " |"
                for name, cost in units.items()
            ),
            "",
            assumed,
            "",
            "| users | instances | connections each | memory each | document store | PostgreSQL | Redis |",
            "|---|---|---|---|---|---|---|",
            *map(_format_demand, demands),
            "",
            simulated,
            "",
            "| instances | Redis delivers to all | relays | with relays |",
            "|---|---|---|---|",
            *(_format_room(costs, number, seed) for number in INSTANCES),
            "",
        ]
    )


def _format_demand(demand: Demand) -> str:
    cores = demand.cores
    return (
        f"| {demand.users:,} | {demand.instances} | {demand.connections_each:,.0f}"
        f" | {demand.memory_bytes_each / BYTES_PER_GB:.2f} GB | {demand.servers(cores.mongodb)}"
        f" | {demand.servers(cores.postgresql)} | {demand.servers(cores.redis)} |"
    )


def _format_room(costs: UnitCosts, instances: int, seed: int) -> str:
    redis_us = max(REDIS_DELIVERY_US_MIN, costs.crossing.redis)
    direct = Room(instances, 0, redis_us, max(1.0, costs.crossing.instances))
    tree = msgspec.structs.replace(direct, relays=math.isqrt(instances))
    rates = [sustained_room_rate(room, seed) for room in (direct, tree)]
    return f"| {instances} | {rates[0]} | {tree.relays} | {rates[1]} |"


if __name__ == "__main__":
    main()
