"""When and where the client reconnects, and when it does not."""

import asyncio
import random

import pytest

from actors.protocol.server_frames import Error, Goodbye, Lagged
from client.backoff import Backoff
from client.client import Client
from client.close_info import CloseInfo
from client.errors import ClientClosed
from tests.client.conftest import FAST_SETTINGS, ClientRecorder
from tests.client.scripted_server import ROOM, ScriptedServer
from tests.until import until

FIRST_JITTER_S = 0.5
"""The jitter added to a first delay, with `jitter` fixed at 0.5."""


async def test_reconnects_after_goodbye_delay(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The client connects to the next server after `retry_after_ms`."""
    socket = await recorder.connect(server)
    await socket.send(Goodbye(4001, "the server is stopping", 7000, resume=True))
    await socket.close(4001)
    await (await other_server.next_socket()).authenticate()
    await until(lambda: recorder.client.connected)

    assert recorder.delays_s == [7.0 + FIRST_JITTER_S]
    assert recorder.frames[:1] == [Goodbye(4001, "the server is stopping", 7000, resume=True)]
    assert recorder.client.url == other_server.url


async def test_goodbye_applies_without_close_frame(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """A lost connection after `goodbye` keeps its retry time."""
    socket = await recorder.connect(server)
    await socket.send(Goodbye(4002, "too slow", 9000, resume=True))
    socket.abort()
    await (await other_server.next_socket()).authenticate()

    assert recorder.delays_s == [9.0 + FIRST_JITTER_S]


async def test_permanent_close_ends_all_requests(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """Also what fetches missed frames, which a rejected client would do for ever."""
    server.allow_changes.clear()
    socket = await recorder.connect(server)
    await socket.send(Lagged(ROOM, 1, 5))
    await until(lambda: server.changes_requests)
    await socket.close(4503)
    await until(lambda: recorder.client.closed_error)

    def is_fetching() -> bool:
        return any("_fill_gap" in repr(task.get_coro()) for task in asyncio.all_tasks())

    await until(lambda: not is_fetching())


async def test_failed_entry_of_the_context_closes_the_client(server: ScriptedServer) -> None:
    """Nothing goes on connecting for a caller that got no client."""
    server.upgrade_rejection = (503, "0")
    client = Client([server.url], "token", settings=FAST_SETTINGS)
    entering = asyncio.create_task(client.__aenter__())
    await until(lambda: server.upgrades)
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)

    assert client.closed_error is not None


@pytest.mark.parametrize("code", [4500, 4501, 4502, 4503, 4505, 4506, 4999, 1009])
async def test_does_not_reconnect_after_permanent_close_code(
    recorder: ClientRecorder, server: ScriptedServer, code: int
) -> None:
    """Codes 4500 to 4999 are permanent, and so are client errors of RFC 6455."""
    socket = await recorder.connect(server)
    frames = recorder.client.frames()
    sending = asyncio.create_task(recorder.client.send(ROOM, "hello"))
    await socket.next_command()
    await socket.close(code)

    with pytest.raises(ClientClosed) as closed:
        await sending
    assert closed.value.code == code
    assert recorder.client.closed_error is closed.value
    with pytest.raises(ClientClosed):
        await anext(frames)
    assert server.upgrades == 1
    assert recorder.delays_s == []


@pytest.mark.parametrize("code", [4001, 4002, 4003, 4004, 4007, 4499, 1000, 1001, 1011])
async def test_reconnects_after_temporary_close_code(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer, code: int
) -> None:
    """Codes 4000 to 4499 and the usual codes of RFC 6455 are temporary."""
    socket = await recorder.connect(server)
    await socket.close(code)
    await (await other_server.next_socket()).authenticate()
    await until(lambda: recorder.client.connected)


async def test_rejected_token_closes_the_client(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """`connect` raises, and there is no retry."""
    connecting = asyncio.create_task(recorder.client.connect(5.0))
    socket = await server.next_socket()
    authenticate = await socket.receive_authenticate()
    await socket.send(Error(authenticate.id, "auth.expired", "the token has expired", retry=False))

    with pytest.raises(ClientClosed) as closed:
        await connecting
    assert closed.value.code == 4501


async def test_upgrade_retry_after_is_honoured(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """After 503 with `Retry-After`, the client waits and tries the next server."""
    server.upgrade_rejection = (503, "11")
    connecting = asyncio.create_task(recorder.client.connect(5.0))
    await (await other_server.next_socket()).authenticate()
    await connecting

    assert recorder.delays_s == [11.0 + FIRST_JITTER_S]


async def test_each_attempt_uses_the_next_url(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The URLs are used in turn, with delays that grow up to the cap."""
    server.upgrade_rejection = other_server.upgrade_rejection = (502, "")
    connecting = asyncio.create_task(recorder.client.connect(5.0))
    await until(lambda: server.upgrades + other_server.upgrades >= 8)
    server.upgrade_rejection = other_server.upgrade_rejection = None
    waiting = {asyncio.create_task(scripted.next_socket()) for scripted in (server, other_server)}
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await done.pop().result().authenticate()
    await connecting

    assert abs(server.upgrades - other_server.upgrades) <= 1
    # The jitter is 0.5: half of 1, 2, 4 and of the cap of 8.
    assert recorder.delays_s[:7] == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0, 4.0]


def test_backoff_is_bounded_and_fully_jittered() -> None:
    """Delays are spread from 0 to a bound that doubles up to the cap."""
    rng = random.Random(1)
    for bound_s, attempts in ((0.5, 1), (1.0, 2), (2.0, 3), (8.0, 5), (20.0, 9), (20.0, 5000)):
        delays = []
        for _ in range(300):
            backoff = Backoff(0.5, 20.0, rng.random)
            for _ in range(min(attempts, 40) - 1):
                backoff.delay_s()
            delays.append(backoff.delay_s())
        assert max(delays) <= bound_s
        assert max(delays) > 0.9 * bound_s
        assert min(delays) < 0.1 * bound_s


def test_backoff_resets_after_success() -> None:
    """After `reset` the bound starts at the base again."""
    backoff = Backoff(1.0, 60.0, lambda: 1.0)
    before = [backoff.delay_s() for _ in range(4)]
    backoff.reset()

    assert before == [1.0, 2.0, 4.0, 8.0]
    assert backoff.delay_s() == 1.0
    assert backoff.delay_s(retry_after_ms=5000) == 6.0
    assert backoff.delay_s() == 2.0


def test_close_code_ranges_decide_reconnect() -> None:
    """Ranges decide, so that clients handle codes added later."""
    assert all(CloseInfo(code, "").may_reconnect for code in range(4000, 4500))
    assert not any(CloseInfo(code, "").may_reconnect for code in range(4500, 5000))
    assert CloseInfo(None, "").may_reconnect
