"""Extrapolates measured costs to many users and instances: arithmetic, and a simulation of one room.

`bench/model.py` measures the costs and writes the tables into `docs/scaling.md`.
"""

import heapq
import math
import random
from collections.abc import Sequence
from typing import Final

import msgspec

UTILISATION: Final = 0.6
"""Share of a core that is planned for; the rest is for peaks, and for a neighbour that has failed."""
HOUR_S: Final = 3600.0
ROOM_P99_MS: Final = 100.0
ROOM_RATES_PER_S: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
SIMULATED_MESSAGES: Final = 2000


class Cost(msgspec.Struct, frozen=True):
    """CPU time of one unit of work, in microseconds, by component. All instances together are one."""

    instances: float = 0.0
    mongodb: float = 0.0
    postgresql: float = 0.0
    redis: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*(mine + its for mine, its in zip(self.values(), other.values(), strict=True)))

    def __sub__(self, other: "Cost") -> "Cost":
        """Subtract; what is below the noise of the measurement becomes 0."""
        return Cost(*(max(0.0, mine - its) for mine, its in zip(self.values(), other.values(), strict=True)))

    def __mul__(self, factor: float) -> "Cost":
        return Cost(*(factor * value for value in self.values()))

    def values(self) -> Sequence[float]:
        return (self.instances, self.mongodb, self.postgresql, self.redis)


class UnitCosts(msgspec.Struct, frozen=True):
    """Measured costs.

    Attributes:
        connection_bytes: Memory of an idle connection, without the kernel's.
        idle: One connection for one second.
        connect: A websocket that authenticates.
        message: One stored message to the sender and one other member on the same instance.
        member: Each further member on the same instance.
        crossing: Each further instance that a message reaches.
        feed_page: A page of 20 posts of the home feed.
        write: A like, with what follows from it.
    """

    connection_bytes: float
    idle: Cost
    connect: Cost
    message: Cost
    member: Cost
    crossing: Cost
    feed_page: Cost
    write: Cost


class Behaviour(msgspec.Struct, frozen=True):
    """What the users do in the busiest hour. Rates are per online user and hour.

    `group_share` of the messages go to groups with `group_online` members online, the others to one user.
    """

    online_share: float = 0.1
    messages: float = 20.0
    group_share: float = 0.3
    group_online: int = 6
    connects: float = 2.0
    feed_pages: float = 12.0
    writes: float = 4.0


class Demand(msgspec.Struct, frozen=True):
    """What a number of users needs, in cores and bytes."""

    users: int
    instances: int
    connections_each: float
    memory_bytes_each: float
    cores: Cost
    """Busy cores; `servers` adds the reserve."""

    def servers(self, cores: float) -> int:
        return max(1, math.ceil(cores / UTILISATION))


def reached_instances(instances: int, others: int) -> float:
    """Return the expected number of instances besides the sender's that have one of `others` members."""
    return (instances - 1) * (1 - (1 - 1 / instances) ** others)


def cost_per_online_second(costs: UnitCosts, behaviour: Behaviour, instances: int) -> Cost:
    """Return the cost of one online user for one second, spread over `instances`."""
    group_others = behaviour.group_online - 1
    crossings = behaviour.group_share * reached_instances(instances, group_others) + (
        1 - behaviour.group_share
    ) * reached_instances(instances, 1)
    message = (
        costs.message
        + costs.member * (behaviour.group_share * (group_others - 1))
        + costs.crossing * crossings
    )
    hourly = (
        message * behaviour.messages
        + costs.connect * behaviour.connects
        + costs.feed_page * behaviour.feed_pages
        + costs.write * behaviour.writes
    )
    return costs.idle + hourly * (1 / HOUR_S)


def demand_of_users(costs: UnitCosts, behaviour: Behaviour, users: int) -> Demand:
    """Return what `users` need, with as many instances as their work fills to `UTILISATION`."""
    instances = 1
    while (demand := _demand(costs, behaviour, users, instances)).cores.instances > UTILISATION * instances:
        # With more instances a message crosses to more of them, so the number is found step by step.
        instances = max(instances + 1, math.ceil(demand.cores.instances / UTILISATION))
    return demand


def demand_of_instances(costs: UnitCosts, behaviour: Behaviour, instances: int) -> Demand:
    """Return the users that fill `instances` to `UTILISATION`, and what else they need."""
    per_online_us = cost_per_online_second(costs, behaviour, instances).instances
    users = int(UTILISATION * instances * 1e6 / per_online_us / behaviour.online_share)
    return _demand(costs, behaviour, users, instances)


def _demand(costs: UnitCosts, behaviour: Behaviour, users: int, instances: int) -> Demand:
    online = users * behaviour.online_share
    each = online / instances
    return Demand(
        users,
        instances,
        each,
        each * costs.connection_bytes,
        cost_per_online_second(costs, behaviour, instances) * (online * 1e-6),
    )


class Room(msgspec.Struct, frozen=True):
    """A conversation with members on many instances.

    Without `relays` Redis delivers each message to all instances. With them it delivers to these, each of
    which passes it on to an equal part of the others.
    """

    instances: int
    relays: int
    redis_us: float
    """Of one delivery by Redis."""
    instance_us: float
    """Of receiving one message at an instance, or passing it on to another."""


def simulate_p99_ms(room: Room, per_s: float, rng: random.Random) -> float:
    """Return the p99 of the time until the last instance has a message, when `per_s` arrive at random.

    Redis and each relay handle one message at a time, in order.
    """
    now = redis_free_at = 0.0
    targets = room.relays or room.instances
    passed_on = math.ceil(room.instances / room.relays) - 1 if room.relays else 0
    relays_free_at = [0.0] * room.relays
    slowest: list[float] = []
    kept = SIMULATED_MESSAGES // 100 + 1
    for _ in range(SIMULATED_MESSAGES):
        now += rng.expovariate(per_s)
        started = max(now, redis_free_at)
        redis_free_at = started + targets * room.redis_us / 1e6
        last = redis_free_at + room.instance_us / 1e6
        for relay in range(room.relays):
            received = started + (relay + 1) * room.redis_us / 1e6
            busy_from = max(received, relays_free_at[relay])
            relays_free_at[relay] = busy_from + (1 + passed_on) * room.instance_us / 1e6
            last = max(last, relays_free_at[relay] + room.instance_us / 1e6)
        heapq.heappush(slowest, last - now)
        if len(slowest) > kept:
            heapq.heappop(slowest)
    return 1000 * slowest[0]


def sustained_room_rate(room: Room, seed: int) -> int:
    """Return the highest of `ROOM_RATES_PER_S` with a p99 of at most `ROOM_P99_MS`; 0 for none."""
    sustained = 0
    for per_s in ROOM_RATES_PER_S:
        if simulate_p99_ms(room, per_s, random.Random(seed)) > ROOM_P99_MS:
            break
        sustained = per_s
    return sustained
