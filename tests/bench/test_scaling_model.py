"""The extrapolation from measured costs, and the simulation of a room on many instances."""

import random

import msgspec
import pytest

from bench.scaling_model import (
    UTILISATION,
    Behaviour,
    Cost,
    Room,
    UnitCosts,
    cost_per_online_second,
    demand_of_instances,
    demand_of_users,
    reached_instances,
    simulate_p99_ms,
    sustained_room_rate,
)

NOTHING = Cost()
COSTS = UnitCosts(
    connection_bytes=4000.0,
    idle=Cost(instances=1.0),
    connect=NOTHING,
    message=Cost(instances=360.0, mongodb=180.0),
    member=Cost(instances=36.0),
    crossing=Cost(instances=72.0, redis=36.0),
    feed_page=NOTHING,
    write=NOTHING,
)
BEHAVIOUR = Behaviour(messages=10.0, group_share=0.0, connects=0.0, feed_pages=0.0, writes=0.0)


@pytest.mark.parametrize(("instances", "others", "reached"), [(1, 5, 0.0), (2, 1, 0.5), (1000, 5, 4.99)])
def test_members_are_spread_over_the_instances(instances: int, others: int, reached: float) -> None:
    """Each other member is on another instance with equal chance."""
    assert reached_instances(instances, others) == pytest.approx(reached, abs=0.01)


def test_cost_of_an_online_user_is_the_sum_of_what_they_do() -> None:
    """Ten messages an hour, half of which cross to the other instance."""
    cost = cost_per_online_second(COSTS, BEHAVIOUR, 2)
    assert cost.instances == pytest.approx(1.0 + 10 * (360 + 0.5 * 72) / 3600)
    assert cost.mongodb == pytest.approx(10 * 180 / 3600)
    assert cost.redis == pytest.approx(10 * 0.5 * 36 / 3600)


def test_groups_cost_their_further_members() -> None:
    """A group with six members online has four more than a pair."""
    groups = msgspec.structs.replace(BEHAVIOUR, group_share=1.0)
    pair, group = (cost_per_online_second(COSTS, each, 1).instances for each in (BEHAVIOUR, groups))
    assert group - pair == pytest.approx(10 * 4 * 36 / 3600)


def test_instances_are_filled_to_the_planned_share() -> None:
    """As many instances as needed, and no more."""
    demand = demand_of_users(COSTS, BEHAVIOUR, 20_000_000)
    assert demand.cores.instances <= UTILISATION * demand.instances
    assert demand.cores.instances > UTILISATION * (demand.instances - 2)
    assert demand.connections_each == pytest.approx(2_000_000 / demand.instances)
    carried = demand_of_instances(COSTS, BEHAVIOUR, demand.instances)
    assert carried.users >= demand.users
    assert carried.cores.instances == pytest.approx(UTILISATION * demand.instances, rel=0.001)


def test_room_without_load_takes_the_time_of_its_deliveries() -> None:
    """The last of 100 deliveries of 10 us, and receiving it."""
    room = Room(instances=100, relays=0, redis_us=10.0, instance_us=50.0)
    assert simulate_p99_ms(room, 0.01, random.Random(1)) == pytest.approx(1.05)


def test_room_is_carried_until_redis_is_busy() -> None:
    """1,000 deliveries of 10 us are 10 ms of Redis per message: below 100 messages a second."""
    room = Room(instances=1000, relays=0, redis_us=10.0, instance_us=50.0)
    assert sustained_room_rate(room, seed=1) == 50


def test_relays_carry_more_in_large_rooms() -> None:
    """32 relays: Redis delivers to 32 and each relay to 31."""
    direct = Room(instances=1000, relays=0, redis_us=10.0, instance_us=50.0)
    tree = msgspec.structs.replace(direct, relays=32)
    assert sustained_room_rate(tree, seed=1) > 5 * sustained_room_rate(direct, seed=1)
