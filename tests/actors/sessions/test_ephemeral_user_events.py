"""Ephemeral events reach the users they are for on every instance, whether they are few or many."""

from uuid import uuid4

import pytest

from actors.protocol.server_frames import TypingChanged
from actors.sessions.ephemeral_user_events import MANY_USERS, USERS_PER_MESSAGE
from tests.actors.fake_client import FakeClient, identity
from tests.actors.fake_cluster import ANA, BEN, CYD, FakeCluster
from tests.until import until


@pytest.mark.parametrize("offline", [0, MANY_USERS, USERS_PER_MESSAGE])
async def test_event_reaches_its_users_on_every_instance_once(cluster: FakeCluster, offline: int) -> None:
    """Few users have a bus message each; many share them."""
    here, there = await cluster.start_instance(), await cluster.start_instance()
    clients = {}
    for core, user_id in ((here, ANA), (there, BEN), (there, CYD)):
        client = clients[user_id] = FakeClient(core)
        client.ref.deliver_inline(identity(user_id))
    await until(lambda: all(client.received("ready") for client in clients.values()))
    messages: list[bytes] = []

    def record(_topic: str, message: bytes) -> bool:
        messages.append(message)
        return False

    cluster.broker.should_drop = record

    user_ids = [ANA, *(str(uuid4()) for _ in range(offline)), BEN]
    here.publish_ephemeral(user_ids, TypingChanged("first", ANA, active=True))
    here.publish_ephemeral([CYD], TypingChanged("second", ANA, active=True))
    await until(lambda: all(client.received("typing") for client in clients.values()))

    received = {
        user_id: [frame["conversation_id"] for frame in client.received("typing")]
        for user_id, client in clients.items()
    }
    assert received == {ANA: ["first"], BEN: ["first"], CYD: ["second"]}
    expected = 2 if offline == 0 else 1 + offline // USERS_PER_MESSAGE
    assert len(messages) - 1 == expected
    for client in clients.values():
        client.session.on_disconnect()
