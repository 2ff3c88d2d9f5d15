"""What the client does until a command is answered."""

import asyncio

import pytest
from msgspec import structs

from actors.protocol.commands import Authenticate, ClientCommand, Ping, SendMessage, WatchPresence
from actors.protocol.presence import Presence
from actors.protocol.results import PingResult, WatchResult
from actors.protocol.server_frames import Error, Ok
from actors.sessions.command_registration import CommandRegistration
from actors.sessions.command_registry import REGISTRATIONS
from client.client import Client
from client.client_settings import ClientSettings
from client.errors import ClientClosed, RequestRejected, RequestTimeout
from server.api_docs.examples import EXAMPLES
from tests.client.conftest import ClientRecorder
from tests.client.scripted_server import ROOM, ScriptedServer


async def test_send_is_retried_with_the_same_client_id_after_reconnect(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """A message in flight when the connection is lost is sent again to the next server."""
    socket = await recorder.connect(server)
    sending = asyncio.create_task(recorder.client.send(ROOM, "hello", mentions=["u-ben"]))
    first = await socket.next_command()
    socket.abort()
    second_socket = await other_server.next_socket()
    await second_socket.authenticate()
    second = await second_socket.next_command()
    await second_socket.acknowledge(second, 7)

    assert isinstance(first, SendMessage)
    assert isinstance(second, SendMessage)
    assert (second.client_id, second.content, second.mentions) == (first.client_id, "hello", ["u-ben"])
    assert (await sending).seq == 7


async def test_unanswered_sends_are_resent_in_order(
    recorder: ClientRecorder, server: ScriptedServer, other_server: ScriptedServer
) -> None:
    """Unanswered commands are resent first, in order, before new ones."""
    socket = await recorder.connect(server)
    sends = [asyncio.create_task(recorder.client.send(ROOM, f"text {n}")) for n in range(5)]
    for _ in sends:
        await socket.next_command()
    socket.abort()
    second_socket = await other_server.next_socket()
    sends.append(asyncio.create_task(recorder.client.send(ROOM, "text 5")))
    await second_socket.authenticate()
    commands = [await second_socket.next_command() for _ in sends]
    for seq, command in enumerate(commands, 1):
        await second_socket.acknowledge(command, seq)

    assert [command.content for command in commands if isinstance(command, SendMessage)] == [
        f"text {n}" for n in range(6)
    ]
    assert [(await send).seq for send in sends] == [1, 2, 3, 4, 5, 6]


async def test_retryable_error_is_retried_after_retry_after_ms(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """An error with `retry: true` is retried after at least `retry_after_ms`."""
    socket = await recorder.connect(server)
    sending = asyncio.create_task(recorder.client.send(ROOM, "hello"))
    first = await socket.next_command()
    await socket.send(Error(first.id, "server.unavailable", "", retry=True, retry_after_ms=4321))
    second = await socket.next_command()
    await socket.acknowledge(second, 1)

    assert (await sending).seq == 1
    assert isinstance(first, SendMessage)
    assert isinstance(second, SendMessage)
    assert second.client_id == first.client_id
    assert recorder.delays_s == [pytest.approx(4.321 + 0.125)]  # jitter: half of 0.25 s


async def test_non_retryable_error_is_raised(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """An error that a retry would repeat is raised."""
    socket = await recorder.connect(server)
    sending = asyncio.create_task(recorder.client.send(ROOM, "hello"))
    command = await socket.next_command()
    await socket.send(Error(command.id, "conversation.not_found", "no such conversation", retry=False))

    with pytest.raises(RequestRejected) as rejected:
        await sending
    assert rejected.value.code == "conversation.not_found"


async def test_request_is_resent_until_the_deadline(server: ScriptedServer) -> None:
    """It is resent every `resend_after_s`; the deadline raises `RequestTimeout`."""
    recorder = ClientRecorder([server.url], ClientSettings(resend_after_s=0.05))
    try:
        socket = await recorder.connect(server)
        sending = asyncio.create_task(recorder.client.send(ROOM, "hello", deadline_s=0.5))
        first, second = await socket.next_command(), await socket.next_command()

        assert isinstance(first, SendMessage)
        assert first == second
        assert not sending.done()
        with pytest.raises(RequestTimeout):
            await sending
    finally:
        await recorder.client.close()


async def test_frame_over_the_server_limit_is_not_sent(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """The server would close the connection, so the client rejects the frame itself."""
    connecting = asyncio.create_task(recorder.client.connect(5.0))
    socket = await server.next_socket()
    await socket.authenticate(max_frame_bytes=200)
    await connecting

    with pytest.raises(RequestRejected) as rejected:
        await recorder.client.send(ROOM, "x" * 200)
    assert rejected.value.code == "request.too_large"
    pinging = asyncio.create_task(recorder.client.ping())
    command = await socket.next_command()
    assert isinstance(command, Ping)
    await socket.send(Ok(command.id, PingResult("now", 3)))
    assert (await pinging).position == 3


async def test_close_fails_pending_requests(recorder: ClientRecorder, server: ScriptedServer) -> None:
    """Pending and later requests raise `ClientClosed`."""
    socket = await recorder.connect(server)
    sending = asyncio.create_task(recorder.client.send(ROOM, "hello"))
    await socket.next_command()
    await recorder.client.close()

    with pytest.raises(ClientClosed):
        await sending
    with pytest.raises(ClientClosed):
        await recorder.client.send(ROOM, "later")


async def test_connect_without_a_server_times_out() -> None:
    """An unreachable server is not permanent: `connect` raises `RequestTimeout`."""
    client = Client(["http://127.0.0.1:1"], "token")
    try:
        with pytest.raises(RequestTimeout):
            await client.connect(deadline_s=0.2)
    finally:
        await client.close()


@pytest.mark.parametrize(
    "registration",
    [registration for registration in REGISTRATIONS.values() if registration.command is not Authenticate],
    ids=lambda registration: registration.frame_type,
)
async def test_any_command_can_be_requested(
    recorder: ClientRecorder, server: ScriptedServer, registration: CommandRegistration
) -> None:
    """Each registered command is sent as it is, and its result decoded as the struct it declares."""
    socket = await recorder.connect(server)
    example, reply = EXAMPLES[registration.command], EXAMPLES[registration.reply]
    assert isinstance(example, ClientCommand)
    assert isinstance(reply, Ok)
    requesting = asyncio.create_task(
        recorder.client.request(lambda request_id: structs.replace(example, id=request_id))
    )
    command = await socket.next_command()
    await socket.send(structs.replace(reply, id=command.id))

    assert command == structs.replace(example, id=command.id)
    assert await requesting == reply.result


async def test_retried_presence_watch_sends_the_latest_list(
    recorder: ClientRecorder, server: ScriptedServer
) -> None:
    """The first list is refused, the second accepted: the retry does not bring the first back."""
    socket = await recorder.connect(server)
    first = asyncio.create_task(recorder.client.watch_presence(["ana"]))
    first_command = await socket.next_command()
    second = asyncio.create_task(recorder.client.watch_presence(["ben"]))
    second_command = await socket.next_command()
    bens = [Presence("ben", "online", None)]
    await socket.send(Ok(second_command.id, WatchResult(bens)))
    assert await second == bens
    await socket.send(Error(first_command.id, "rate.limited", "", retry=True, retry_after_ms=10))
    retry = await socket.next_command()
    await socket.send(Ok(retry.id, WatchResult(bens)))

    assert isinstance(retry, WatchPresence)
    assert retry.user_ids == ["ben"]
    assert await first == []
