"""A client that has authenticated."""

from actors.core import Core
from tests.actors.fake_client import FakeClient, identity
from tests.until import until


async def connect(core: Core, user_id: str) -> FakeClient:
    client = FakeClient(core)
    client.ref.deliver_inline(identity(user_id))
    await until(lambda: client.received("ready"))
    return client
