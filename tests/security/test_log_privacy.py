"""Nothing that users wrote, and no secret, is in the log of a server at the level DEBUG."""

import logging

import pytest

from config.log_setup import QUOTING_LIBRARIES
from tests.server.api_client import ApiClient
from tests.server.captured_log import captured_log
from tests.server.conftest import StartInstance
from tests.server.registered_users import RegisteredUser
from tests.server.websocket.peer import connect_peer

EMAIL, PASSWORD, TEXT = "zebra@quagga.test", "an okapi in the rain 7", "the word is xylophone"


async def test_no_text_token_or_address_is_logged(start_instance: StartInstance) -> None:
    """Over HTTP and the websocket, in the lines of this project and of every library."""
    with captured_log() as log:
        instance = await start_instance()
        async with ApiClient(instance) as api:
            registration = {"email": EMAIL, "username": "zebra_q", "password": PASSWORD, "display_name": TEXT}
            made = await api.expect(201, None, "POST", "/v1/users", registration)
            login = await api.expect(
                201, None, "POST", "/v1/sessions", {"login": EMAIL, "password": PASSWORD}
            )
            await api.expect(401, None, "POST", "/v1/sessions", {"login": EMAIL, "password": PASSWORD + "x"})
            user = RegisteredUser(made["user"]["id"], "zebra_q", login["token"])
            group = (await api.group(user))["id"]
            await api.send(user, group, TEXT)
            await api.expect(201, user, "POST", "/v1/posts", {"content": TEXT})
            await api.get(user, f"/v1/conversations/{group}/messages")
            await api.expect(202, None, "POST", "/v1/password-resets", {"email": EMAIL})
            async with connect_peer(instance.port) as peer:
                await peer.open(login["token"])
        await instance.stop()
    assert "listening on" in log.text
    for secret in (EMAIL, PASSWORD, TEXT, made["token"], login["token"]):
        assert secret not in log.text


@pytest.mark.parametrize("library", ["pymongo.command", "aiohttp.access", "asyncpg", "mail.log", "asyncio"])
def test_details_of_libraries_are_dropped_at_any_level(library: str) -> None:
    """Also where the library's logger has a level of its own. Warnings and errors are kept."""
    assert library.partition(".")[0] in QUOTING_LIBRARIES
    logger = logging.getLogger(library)
    level = logger.level
    try:
        with captured_log() as log:
            logger.setLevel(logging.DEBUG)
            logger.debug("command: insert xylophone")
            logger.info("POST xylophone")
            logger.warning("slow")
            logging.getLogger("convene").debug("kept")
    finally:
        logger.setLevel(level)
    assert [record["event"] for record in log.records("debug", "info", "warning")] == ["slow", "kept"]
