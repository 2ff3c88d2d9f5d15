"""RFC 6455 frames on a raw connection: valid ones are served, invalid ones close with the code of the RFC.

Every case is sent to an authenticated connection. The commands in it are `ping`, whose reply shows that the
frame arrived intact.
"""

import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from server.instance import Instance
from storage.embedded import StoreUrls
from tests.server.registered_users import RegisteredUsers
from tests.server.running_instance import running_instance
from tests.server.websocket.frame_cases import CASES, Case
from tests.server.websocket.frames import BINARY, TEXT, frame, header, ping, text
from tests.server.websocket.peer import CloseResult, Peer, connect_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_server(stores: StoreUrls) -> AsyncIterator[Instance]:
    """One server for all cases, so a case must not affect the next."""
    async with running_instance(stores) as instance:
        yield instance


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def token(shared_server: Instance, people: RegisteredUsers) -> str:
    return (await people.shared(1, shared_server))[0].token


PROBE_ID = "last command"


async def run_case(case: Case, connected: Peer) -> tuple[list[int | str], CloseResult | None]:
    """Send the case and a final command; return the ids of the replies, and the close if any."""
    sent = b"".join(case.sent)
    with contextlib.suppress(ConnectionError):
        if case.trickle:
            await connected.trickle(sent, case.trickle)
        else:
            connected.write(sent)
        if not case.codes:
            connected.send({"type": "ping", "id": PROBE_ID})
            connected.write(ping(PROBE_ID.encode()))
    answered: list[int | str] = []
    if case.codes:
        ending = await connected.read_until_closed()
        answered.extend(message["id"] for message in ending.messages if message["type"] == "ok")
        return answered, ending
    while (message := await connected.next_of("ok", "error"))["id"] != PROBE_ID:
        answered.append(message["id"])
    while PROBE_ID.encode() not in connected.pongs:
        connected.handle_frame(await connected.read_frame())
    connected.pongs.remove(PROBE_ID.encode())
    return answered, None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_frame_is_served_or_closes_the_connection_as_the_rfc_says(
    case: Case, shared_server: Instance, token: str
) -> None:
    """Commands are answered in order, pings echoed, and a violation closes with its code and a goodbye."""
    async with connect_peer(shared_server.port) as connected:
        await connected.open(token)
        answered, ending = await run_case(case, connected)
        if case.codes:
            assert ending is not None
            assert ending.closed, "a Close frame comes before the end"
            assert ending.code in case.codes
        assert tuple(answered) == case.answers
        assert tuple(connected.pongs) == case.pongs


@pytest.mark.parametrize(
    ("sent", "code"),
    [(frame(3), 1002), (text(b"\xff"), 1007), (header(TEXT, 2**20), 1009), (frame(BINARY), 4500)],
    ids=["1002", "1007", "1009", "4500"],
)
async def test_goodbye_precedes_the_close(
    sent: bytes, code: int, shared_server: Instance, token: str
) -> None:
    """A client that reads only JSON gets the close code and whether it may resume."""
    async with connect_peer(shared_server.port) as connected:
        await connected.open(token)
        connected.write(sent)
        ending = await connected.read_until_closed()
        assert ending.code == code
        assert ending.goodbye is not None
        assert ending.goodbye["code"] == code
        assert isinstance(ending.goodbye["reason"], str)
        assert ending.goodbye["resume"] is False
        assert len(ending.reason.encode()) <= 123
