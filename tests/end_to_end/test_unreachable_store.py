"""An instance that cannot reach a store, next to a healthy one."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from client.client import Client
from tests.end_to_end.chat_user import FAST_SETTINGS
from tests.end_to_end.conftest import Pair
from tests.end_to_end.raw_socket import connect_socket
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.tcp_proxy import TcpProxy


async def test_client_moves_when_authentication_is_unavailable(
    pair: Pair, server_stores: ServerStores, tmp_path: Path
) -> None:
    """The socket is closed with 4007 and a retry delay; a client connects to the healthy instance instead."""
    healthy = pair[0]
    ana, ben = await RegisteredUser.register("ana", healthy), await RegisteredUser.register("ben", healthy)
    group = await ana.create_group(healthy, [ben])
    database = urlsplit(server_stores.databases["notifications"])
    folder = parse_qs(database.query)["host"][0]
    async with TcpProxy(f"unix://{folder}/.s.PGSQL.5432") as proxy:
        account = database.netloc.rpartition("@")[0]
        proxied_url = f"postgresql://{account}@{proxy.address}{database.path}"
        databases = {**server_stores.databases, "notifications": proxied_url}
        disconnected = ServerProcess(
            msgspec.structs.replace(server_stores, databases=databases), tmp_path / "cut-off.log"
        )
        try:
            await disconnected.start()
            proxy.cut_all()
            async with connect_socket(disconnected) as rejected:
                await rejected.upgrade()
                rejected.send({"type": "authenticate", "id": 1, "token": ana.token})
                close = await rejected.read_until_closed()
                assert close.code == 4007
                assert close.goodbye is not None
                assert (close.goodbye["code"], close.goodbye["resume"]) == (4007, True)
                assert close.goodbye["retry_after_ms"] > 0
                assert [frame["type"] for frame in close.messages] == ["hello"]
            async with Client(
                [disconnected.url, healthy.url], ana.token, settings=FAST_SETTINGS
            ) as ana_client:
                assert ana_client.url == healthy.url
                assert (await ana_client.send(group, "hello")).seq == 1
        finally:
            disconnected.close()
    assert [message.content for message in await ben.read_history(healthy, group)] == ["hello"]
