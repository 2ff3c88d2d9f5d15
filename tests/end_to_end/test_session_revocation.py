"""A session is revoked at one instance while its socket is open at the other."""

import asyncio

from client.client import Client
from client.http_client import HttpClient
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import PASSWORD, RegisteredUser


async def test_revoked_session_is_closed_on_the_other_instance(pair: Pair) -> None:
    """Within a second, with 4503, for good; the other session of the same user stays."""
    here, there = pair
    ana = await RegisteredUser.register("ana", here)
    async with HttpClient(there.url) as http:
        phone = await http.login(ana.username, PASSWORD)
    async with Client([there.url], phone.token) as phones, Client([there.url], ana.token) as laptops:
        assert phones.ready is not None
        loop = asyncio.get_running_loop()
        async with ana.http(here) as http:
            await http.revoke_session(phones.ready.session_id)
        revoked = loop.time()
        await wait_until(lambda: phones.closed_error is not None, 5.0)

        assert loop.time() - revoked < 1.0
        assert phones.closed_error is not None
        assert phones.closed_error.code == 4503
        await laptops.ping()
