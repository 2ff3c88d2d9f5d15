"""What a client does until a command is answered."""

import asyncio

import pytest

from actors.protocol.commands import Ping, SendMessage
from actors.protocol.server_frames import Error, Ok, PingResult
from client.client import Client
from client.errors import Ended, Refused, Unanswered
from client.timing import Timing
from tests.client.conftest import Heard
from tests.client.scripted_server import ROOM, ScriptedServer


async def test_a_lost_ok_is_asked_for_again_under_the_same_client_id(
    heard: Heard, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """The connection breaks after the send: the same message goes to the next server, as the same one."""
    socket = await heard.connect(server)
    sending = asyncio.create_task(heard.client.send(ROOM, "hello", mentions=["u-ben"]))
    first = await socket.command()
    socket.cut()
    again = await other_server.socket()
    await again.admit()
    second = await again.command()
    await again.acknowledge(second, 7)

    assert isinstance(first, SendMessage)
    assert isinstance(second, SendMessage)
    assert (second.client_id, second.content, second.mentions) == (first.client_id, "hello", ["u-ben"])
    assert (await sending).seq == 7


async def test_unanswered_sends_are_said_again_in_their_order(
    heard: Heard, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """What waited comes first and in order, before what is new."""
    socket = await heard.connect(server)
    sends = [asyncio.create_task(heard.client.send(ROOM, f"text {n}")) for n in range(5)]
    for _ in sends:
        await socket.command()
    socket.cut()
    again = await other_server.socket()
    sends.append(asyncio.create_task(heard.client.send(ROOM, "text 5")))
    await again.admit()
    said = [await again.command() for _ in sends]
    for seq, command in enumerate(said, 1):
        await again.acknowledge(command, seq)

    assert [one.content for one in said if isinstance(one, SendMessage)] == [f"text {n}" for n in range(6)]
    assert [(await send).seq for send in sends] == [1, 2, 3, 4, 5, 6]


async def test_an_error_that_allows_it_is_retried_after_the_time_named(
    heard: Heard, server: ScriptedServer
) -> None:
    """`retry: true` is not told to the caller; the pause is at least `retry_after_ms`."""
    socket = await heard.connect(server)
    sending = asyncio.create_task(heard.client.send(ROOM, "hello"))
    first = await socket.command()
    await socket.say(Error(first.id, "server.unavailable", "", retry=True, retry_after_ms=4321))
    second = await socket.command()
    await socket.acknowledge(second, 1)

    assert (await sending).seq == 1
    assert isinstance(first, SendMessage)
    assert isinstance(second, SendMessage)
    assert second.client_id == first.client_id
    assert heard.pauses == [pytest.approx(4.321 + 0.125)]  # what is left to chance: half of a quarter


async def test_a_refusal_is_told(heard: Heard, server: ScriptedServer) -> None:
    """What would be refused again is not tried again."""
    socket = await heard.connect(server)
    sending = asyncio.create_task(heard.client.send(ROOM, "hello"))
    command = await socket.command()
    await socket.say(Error(command.id, "conversation.not_found", "no such conversation", retry=False))

    with pytest.raises(Refused) as refused:
        await sending
    assert refused.value.code == "conversation.not_found"


async def test_silence_is_no_failure_before_the_deadline(server: ScriptedServer) -> None:
    """Unanswered for `answer_s` it is said again; only the deadline ends it, as `Unanswered`."""
    heard = Heard([server.url], Timing(answer_s=0.05))
    try:
        socket = await heard.connect(server)
        sending = asyncio.create_task(heard.client.send(ROOM, "hello", deadline_s=0.5))
        first, second = await socket.command(), await socket.command()

        assert isinstance(first, SendMessage)
        assert first == second
        assert not sending.done()
        with pytest.raises(Unanswered):
            await sending
    finally:
        await heard.client.close()


async def test_a_frame_over_the_servers_limit_is_never_said(heard: Heard, server: ScriptedServer) -> None:
    """It would cost the connection: it is refused here, and the others go on."""
    connecting = asyncio.create_task(heard.client.connect(5.0))
    socket = await server.socket()
    await socket.admit(max_frame_bytes=200)
    await connecting

    with pytest.raises(Refused) as refused:
        await heard.client.send(ROOM, "x" * 200)
    assert refused.value.code == "request.too_large"
    pinging = asyncio.create_task(heard.client.ping())
    command = await socket.command()
    assert isinstance(command, Ping)
    await socket.say(Ok(command.id, PingResult("now", 3)))
    assert (await pinging).position == 3


async def test_closing_ends_what_was_not_answered(heard: Heard, server: ScriptedServer) -> None:
    """Nobody waits for ever on a client that has left."""
    socket = await heard.connect(server)
    sending = asyncio.create_task(heard.client.send(ROOM, "hello"))
    await socket.command()
    await heard.client.close()

    with pytest.raises(Ended):
        await sending
    with pytest.raises(Ended):
        await heard.client.send(ROOM, "later")


async def test_connecting_to_nobody_is_unanswered() -> None:
    """No server at all is not known to be for ever."""
    client = Client(["http://127.0.0.1:1"], "token")
    try:
        with pytest.raises(Unanswered):
            await client.connect(deadline_s=0.2)
    finally:
        await client.close()
