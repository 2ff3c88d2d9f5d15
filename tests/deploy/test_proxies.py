"""Journeys through nginx and Caddy, with the files of `deploy/`, before two real instances."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psutil  # type: ignore[import-untyped]
import pytest

from tests.certificates import CertificateFiles
from tests.deploy.conftest import DEPLOY, FindTool, Pair, run
from tests.deploy.proxy_process import CONNECTIONS_MAX, SLOW_CLIENT_S, ProxyProcess
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import PASSWORD, RegisteredUser
from tests.end_to_end.user_api import UserApi

pytestmark = [pytest.mark.stores, pytest.mark.timeout(240)]
SLOW_CLIENTS = 60
SLOW_CLIENT_LIMIT_S = SLOW_CLIENT_S + 20


@pytest.fixture(params=["nginx", "caddy"])
def proxy(request: pytest.FixtureRequest) -> ProxyProcess:
    """Each proxy in turn. Its program is looked for before the instances are started."""
    started: ProxyProcess = request.getfixturevalue(request.param)
    return started


async def test_instance_restarts_while_clients_talk(proxy: ProxyProcess, instances: Pair) -> None:
    """Websockets through the proxy lose nothing while each instance restarts; requests go on."""
    users = [await RegisteredUser.register(f"p{number}", instances[number % 2]) for number in range(6)]
    oracle = Oracle(await users[0].create_group(instances[0], users[1:]))
    chat_users = [ChatUser(user, oracle, [proxy.url]) for user in users]
    stop = asyncio.Event()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for chat_user in chat_users:
            await stack.enter_async_context(chat_user)
        sends = [group.create_task(each.send_periodically(stop, 0.1)) for each in chat_users]
        requests = group.create_task(count_requests(proxy, users[0], stop))
        for instance in instances:
            await wait_for_new_messages(chat_users)
            assert await instance.stop() == 0
            await wait_for_new_messages(chat_users)
            await instance.start()
        stop.set()
        await asyncio.gather(*sends)
        await wait_until(lambda: oracle.all_received(oracle.acknowledged), 30.0)

    assert all(each.client.statistics().connects >= 2 for each in chat_users)
    assert [each.unannounced_gaps for each in chat_users] == [0] * len(users)
    assert await requests > 10
    oracle.check(await users[0].read_history(instances[0], oracle.conversation_id))


async def wait_for_new_messages(chat_users: list[ChatUser]) -> None:
    """Wait until every user is connected and has had two more messages acknowledged."""
    before = [each.acknowledged for each in chat_users]
    await wait_until(
        lambda: all(
            each.client.connected and each.acknowledged > then + 1
            for each, then in zip(chat_users, before, strict=True)
        ),
        30.0,
    )


async def count_requests(proxy: ProxyProcess, user: RegisteredUser, stop: asyncio.Event) -> int:
    """Read the user's own account through the proxy until `stop`; every request must succeed."""
    count = 0
    headers = {"Authorization": f"Bearer {user.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        while not stop.is_set():
            async with http.get(f"{proxy.url}/v1/users/me") as response:
                assert response.status == 200, await response.text()
            count += 1
            await asyncio.sleep(0.05)
    return count


async def test_server_sent_events_are_not_buffered(proxy: ProxyProcess, instances: Pair) -> None:
    """Each event arrives while the response goes on, also later than the time limit of slow clients."""
    ana, ben = [await RegisteredUser.register(name, instances[0]) for name in ("ana", "ben")]
    headers = {"Authorization": f"Bearer {ana.token}"}
    async with (
        asyncio.timeout(SLOW_CLIENT_S + 30),
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{proxy.url}/v1/stream") as response,
        UserApi(ben, instances[1]) as ben_api,
    ):
        assert response.headers["Content-Type"] == "text/event-stream"
        events = read_events(response)
        assert '"ready"' in await anext(events)
        await asyncio.sleep(SLOW_CLIENT_S + 1)  # the time limit is what is tested
        await ben_api.follow(ana.id)
        while '"notification' not in await anext(events):
            pass


async def read_events(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    async for line in response.content:
        if line.startswith(b"data:"):
            yield line.decode()


async def test_limits_count_the_forwarded_address(proxy: ProxyProcess, instances: Pair) -> None:
    """One client that tries passwords is limited, whatever it forges; another address is not."""
    user = await RegisteredUser.register("cleo", instances[0])
    body = {"login": user.username, "password": PASSWORD}
    # The instances also serve the other proxy, whose clients have other addresses.
    port = urlsplit(proxy.url).port or 0
    client, other = (f"127.{number}.{port >> 8}.{port & 255}" for number in (1, 2))
    assert await log_in(proxy, client, body, forged="198.51.100.1") == 201
    attempts = (log_in(proxy, client, body, forged=f"198.51.100.{n}") for n in range(2, 32))
    assert 429 in await asyncio.gather(*attempts)
    assert await log_in(proxy, other, body) == 201


async def log_in(proxy: ProxyProcess, client: str, body: dict[str, str], forged: str = "") -> int:
    connector = aiohttp.TCPConnector(local_addr=(client, 0))
    headers = {"X-Forwarded-For": forged} if forged else {}
    async with (
        aiohttp.ClientSession(connector=connector, headers=headers) as http,
        http.post(f"{proxy.url}/v1/sessions", json=body) as response,
    ):
        return response.status


async def test_slow_headers_stop_at_the_proxy(proxy: ProxyProcess, instances: Pair) -> None:
    """Clients that send a header byte by byte never reach an instance, and are disconnected."""
    before = connections_of(instances)
    async with asyncio.TaskGroup() as group:
        slow = [
            group.create_task(send_slowly(proxy, b"GET /v1/users/me HTTP/1.1\r\nHost: convene\r\nX-Slow: "))
            for _ in range(SLOW_CLIENTS)
        ]
        await assert_instances_are_free(proxy, instances, before, slow)
    assert all(task.result() < SLOW_CLIENT_LIMIT_S for task in slow)


async def test_slow_bodies_stop_at_the_proxy(nginx: ProxyProcess, instances: Pair) -> None:
    """nginx receives a body whole before an instance sees the request, and a stalled one never arrives."""
    user = await RegisteredUser.register("dora", instances[0])
    header = (
        "POST /v1/posts HTTP/1.1\r\nHost: convene\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {user.token}\r\nContent-Length: 60000\r\n\r\n{{"
    ).encode()
    before = connections_of(instances)
    async with asyncio.TaskGroup() as group:
        slow = [group.create_task(wait_for_close(nginx, header)) for _ in range(SLOW_CLIENTS)]
        await assert_instances_are_free(nginx, instances, before, slow)
    assert all(task.result() < SLOW_CLIENT_LIMIT_S for task in slow)


async def assert_instances_are_free(
    proxy: ProxyProcess, instances: Pair, before: int, slow: list[asyncio.Task[float]]
) -> None:
    """While slow clients are connected to the proxy, they are not to the instances, and others are served."""
    await wait_until(lambda: clients_of(proxy) >= SLOW_CLIENTS)
    async with aiohttp.ClientSession() as http, http.get(f"{proxy.url}/healthz") as response:
        assert response.status == 200
    most = 0
    while not all(task.done() for task in slow):
        most = max(most, connections_of(instances) - before)
        await asyncio.sleep(0.1)
    assert most < SLOW_CLIENTS // 4


def clients_of(proxy: ProxyProcess) -> int:
    """The number of connections to the proxy, counted on the side of the clients: this process."""
    return sum(
        bool(each.raddr) and each.raddr.port == proxy.port for each in psutil.Process().net_connections("tcp")
    )


def connections_of(instances: Pair) -> int:
    """The number of connections that the instances have accepted."""
    return sum(
        bool(each.raddr) and f":{each.laddr.port}" == instance.url[-6:]
        for instance in instances
        for each in psutil.Process(instance.pid).net_connections("tcp")
    )


async def send_slowly(proxy: ProxyProcess, first: bytes) -> float:
    """Send `first`, then a byte now and then; return the seconds until the connection was closed."""
    started_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    closed = asyncio.ensure_future(reader.read())
    writer.write(first)
    while not closed.done() and time.monotonic() - started_at < SLOW_CLIENT_LIMIT_S:
        writer.write(b"a")
        await asyncio.wait([closed], timeout=0.2)
    writer.close()
    closed.cancel()
    return time.monotonic() - started_at


async def wait_for_close(proxy: ProxyProcess, request: bytes) -> float:
    """Send `request` and nothing more; return the seconds until the connection was closed."""
    started_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request)
    try:
        async with asyncio.timeout(SLOW_CLIENT_LIMIT_S):
            await reader.read()
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return time.monotonic() - started_at


async def test_only_the_socket_is_upgraded(proxy: ProxyProcess, instances: Pair) -> None:
    """A websocket opens at its path; elsewhere an upgrade is answered as a plain request."""
    async with aiohttp.ClientSession() as http:
        async with http.ws_connect(f"{proxy.url}/v1/ws") as socket:
            assert (await socket.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"{proxy.url}/v1/users/me")


async def test_address_has_a_limit_of_connections(nginx: ProxyProcess, instances: Pair) -> None:
    """Beyond it nginx answers 429 itself; another address is served."""
    other = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession() as http, aiohttp.ClientSession(connector=other) as http_of_other:
        sockets = [http.ws_connect(f"{nginx.url}/v1/ws") for _ in range(CONNECTIONS_MAX)]
        opened = await asyncio.gather(*sockets)
        async with http.get(f"{nginx.url}/healthz") as response:
            assert response.status == 429
        async with http_of_other.get(f"{nginx.url}/healthz") as response:
            assert response.status == 200
        await asyncio.gather(*(socket.close() for socket in opened))


async def test_nginx_terminates_tls(find_tool: FindTool, tmp_path: Path, instances: Pair) -> None:
    """With the other server block: pages, websockets, and a header that keeps browsers on HTTPS."""
    certificate = CertificateFiles(tmp_path)
    folder = tmp_path / "nginx"
    nginx = ProxyProcess.nginx(find_tool("nginx"), DEPLOY / "nginx", folder, instances, certificate)
    connector = aiohttp.TCPConnector(ssl=certificate.trusted())
    with run(nginx) as proxy:
        async with aiohttp.ClientSession(connector=connector) as http:
            async with http.get(f"{proxy.url}/") as response:
                assert response.status == 200
                assert "max-age" in response.headers["Strict-Transport-Security"]
            async with http.ws_connect(f"{proxy.url}/v1/ws") as socket:
                assert (await socket.receive_json())["type"] == "hello"


async def test_logs_hold_no_secret_of_a_path(nginx: ProxyProcess) -> None:
    """Neither the token of a link to a calendar, nor one of a mail, also of a request that failed."""
    secret = "s3cret" * 7
    async with aiohttp.ClientSession() as http:
        for path in (f"calendars/{secret}.ics", f"email-changes/{secret}"):
            async with http.delete(f"{nginx.url}/v1/{path}"):
                pass
    log = nginx.folder / "access.log"
    await wait_until(lambda: log.read_text().count("DELETE /v1/") == 2, 10.0)
    assert "/v1/calendars/-" in log.read_text()
    assert secret not in log.read_text()
    async with aiohttp.ClientSession() as http:
        for path in (f"calendars/{secret}.ics", "posts"):
            async with http.post(f"{nginx.url}/v1/{path}", data=bytes(600_000)) as response:
                assert response.status == 413
    errors = (nginx.folder / "error.log").read_text()
    assert "too large body" in errors
    assert "POST /v1/posts" in errors
    assert secret not in errors
