"""Sharding of topics: all instances agree, shares are even, and an added server moves few topics."""

import pytest

from storage.contracts.bus import conversation_topic, presence_topic, user_topic
from storage.redis.sharding import Shards

TOPICS = [conversation_topic(f"{number:024x}") for number in range(4000)]


@pytest.mark.parametrize("servers", [2, 3, 7])
def test_shares_are_even(servers: int) -> None:
    """Within a quarter of the mean."""
    shares = {server: len(some) for server, some in Shards(servers).group_by_shard(TOPICS).items()}
    assert shares.keys() == set(range(servers))
    assert max(abs(share - len(TOPICS) / servers) for share in shares.values()) < len(TOPICS) / servers / 4


def test_all_instances_agree() -> None:
    """Independent of earlier lookups."""
    one, other = Shards(3), Shards(3)
    assert [one.shard_of(topic) for topic in TOPICS] == [other.shard_of(topic) for topic in reversed(TOPICS)][
        ::-1
    ]


def test_added_server_takes_its_share_and_moves_nothing_else() -> None:
    """Every topic that moves, moves to the new server."""
    before, after = Shards(3), Shards(4)
    moved = [topic for topic in TOPICS if before.shard_of(topic) != after.shard_of(topic)]
    assert {after.shard_of(topic) for topic in moved} == {3}
    assert len(TOPICS) / 5 < len(moved) < len(TOPICS) / 3


def test_presence_topics_are_on_the_first_server() -> None:
    """Other topics are spread."""
    shards = Shards(5)
    assert {shards.shard_of(presence_topic(f"{number}")) for number in range(100)} == {0}
    assert len({shards.shard_of(user_topic(f"{number}")) for number in range(100)}) == 5
