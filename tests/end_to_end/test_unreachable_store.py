"""An instance that has lost its way to a store, beside one that has not."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from client.client import Client
from tests.end_to_end.chat_user import FAST_SETTINGS
from tests.end_to_end.conftest import Pair
from tests.end_to_end.raw_socket import connect_socket
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess, ServerStores
from tests.end_to_end.tcp_proxy import TcpProxy


async def test_client_moves_when_authentication_is_unavailable(
    pair: Pair, server_stores: ServerStores, tmp_path: Path
) -> None:
    """4007, with when to come back; a client is let in at the other instance, and is heard there."""
    whole = pair[0]
    ana, ben = await RegisteredUser.register("ana", whole), await RegisteredUser.register("ben", whole)
    group = await ana.create_group(whole, [ben])
    database = urlsplit(server_stores.databases["notifications"])
    folder = parse_qs(database.query)["host"][0]
    async with TcpProxy(f"unix://{folder}/.s.PGSQL.5432") as cable:
        account = database.netloc.rpartition("@")[0]
        way = f"postgresql://{account}@{cable.address}{database.path}"
        databases = {**server_stores.databases, "notifications": way}
        cut_off = ServerProcess(
            msgspec.structs.replace(server_stores, databases=databases), tmp_path / "cut-off.log"
        )
        try:
            await cut_off.start()
            cable.cut_all()
            async with connect_socket(cut_off) as refused:
                await refused.upgrade()
                refused.send({"type": "authenticate", "id": 1, "token": ana.token})
                ending = await refused.read_until_closed()
                assert ending.code == 4007
                assert ending.goodbye is not None
                assert (ending.goodbye["code"], ending.goodbye["resume"]) == (4007, True)
                assert ending.goodbye["retry_after_ms"] > 0
                assert [one["type"] for one in ending.messages] == ["hello"]
            async with Client([cut_off.url, whole.url], ana.token, settings=FAST_SETTINGS) as anas:
                assert anas.url == whole.url
                assert (await anas.send(group, "hello")).seq == 1
        finally:
            cut_off.close()
    assert [one.content for one in await ben.read_history(whole, group)] == ["hello"]
