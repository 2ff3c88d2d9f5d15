"""Questions of operators to all instances: answers, silence, and frames of other versions."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from actors.diagnostics.operator_channel import OPERATOR_TOPIC, OperatorChannel
from actors.diagnostics.queries import Answer, InstanceOverview, OverviewQuery, Query
from actors.protocol.errors import ApiError
from storage.errors import Unavailable
from storage.memory.bus import MemoryBroker, MemoryBus
from tests.actors.fake_cluster import FakeCluster
from tests.until import until


def overview(name: str) -> InstanceOverview:
    return InstanceOverview(name, "1", 0.0, 1, 1, 1, 1, 1, 1, 1, 1, 0.0, True, 0.0, True)


async def start_channel(broker: MemoryBroker, name: str, live: Sequence[str]) -> OperatorChannel:
    bus = MemoryBus(broker)

    async def list_instances() -> Sequence[str]:
        if not live:
            raise Unavailable("memory: not connected")
        return live

    def answer(_query: Query) -> Answer:
        return overview(name)

    channel = OperatorChannel(bus, name, answer, list_instances)
    bus.set_message_callback(lambda _topic, frame: channel.on_bus_message(frame))
    await bus.subscribe(channel.topics)
    return channel


async def test_all_instances_answer() -> None:
    """Before the deadline, this one first."""
    broker = MemoryBroker()
    channels = [await start_channel(broker, name, ["a", "b", "c"]) for name in "cab"]
    found = await channels[0].ask(OverviewQuery(), 60.0)
    assert [answer.instance for answer in found.answers] == ["c", "a", "b"]
    assert (found.unanswered, found.instances_known) == ([], True)


async def test_silent_instance_is_named() -> None:
    """One that holds a lease and does not answer within the deadline."""
    channel = await start_channel(MemoryBroker(), "a", ["a", "silent"])
    found = await channel.ask(OverviewQuery(), 0.05)
    assert [answer.instance for answer in found.answers] == ["a"]
    assert found.unanswered == ["silent"]


async def test_unknown_list_of_instances() -> None:
    """Then all are waited for until the deadline, and the answer says that others may exist."""
    broker = MemoryBroker()
    channels = [await start_channel(broker, name, []) for name in "ab"]
    found = await channels[0].ask(OverviewQuery(), 0.2)
    assert [answer.instance for answer in found.answers] == ["a", "b"]
    assert not found.instances_known


async def test_questions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than the limit is refused."""
    monkeypatch.setattr("actors.diagnostics.operator_channel.QUESTIONS_MAX", 1)
    channel = await start_channel(MemoryBroker(), "a", ["a", "silent"])
    first = asyncio.create_task(channel.ask(OverviewQuery(), 60.0))
    await asyncio.sleep(0)
    with pytest.raises(ApiError, match="Too many questions"):
        await channel.ask(OverviewQuery(), 60.0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)


async def test_question_of_a_later_version_is_counted_and_ignored(cluster: FakeCluster) -> None:
    """An instance that does not know a query does not answer it, and works on."""
    core = await cluster.start_instance()
    other = MemoryBus(cluster.broker)
    query = msgspec.Raw(msgspec.msgpack.encode({"type": "of_a_later_version"}))
    other.publish(OPERATOR_TOPIC, msgspec.msgpack.encode([1, "other", 1, query]))
    await until(lambda: core.bus_router.malformed_messages)
    found = await core.operator_channel.ask(OverviewQuery())
    assert [type(answer) for answer in found.answers] == [InstanceOverview]
