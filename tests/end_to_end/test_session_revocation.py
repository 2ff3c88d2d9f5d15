"""A session is revoked on one instance while its socket is open on the other."""

import asyncio

from client.client import Client
from client.http_client import HttpClient
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import PASSWORD, RegisteredUser


async def test_revoked_session_is_closed_on_the_other_instance(pair: Pair) -> None:
    """The socket is closed with 4503 within a second; the user's other session stays."""
    first_instance, second_instance = pair
    ana = await RegisteredUser.register("ana", first_instance)
    async with HttpClient(second_instance.url) as http:
        phone = await http.login(ana.username, PASSWORD)
    async with (
        Client([second_instance.url], phone.token) as phone_client,
        Client([second_instance.url], ana.token) as laptop_client,
    ):
        assert phone_client.ready is not None
        loop = asyncio.get_running_loop()
        async with ana.http(first_instance) as http:
            await http.revoke_session(phone_client.ready.session_id)
        revoked_at = loop.time()
        await wait_until(lambda: phone_client.closed_error is not None, 5.0)

        assert loop.time() - revoked_at < 1.0
        assert phone_client.closed_error is not None
        assert phone_client.closed_error.code == 4503
        await laptop_client.ping()
