"""Workers: several processes that serve one port."""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.certificates import CertificateFiles
from tests.end_to_end.chat_user import ChatUser
from tests.end_to_end.oracle import Oracle
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import START_TIMEOUT_S, STOP_TIMEOUT_S, ServerStores
from tests.end_to_end.worker_group import WorkerGroup
from tests.server.websocket.peer import connect_peer, http_request

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="--workers needs Linux")
WORKERS = 2
USERS = 6
MESSAGES = 40
SPREAD = 24
HEALTH = http_request("/healthz", {"Host": "convene.test"})
StartWorkers = Callable[..., Awaitable[WorkerGroup]]


@pytest.fixture
async def start_workers(server_stores: ServerStores, tmp_path: Path) -> AsyncIterator[StartWorkers]:
    """Return a function that starts a supervisor with two workers; keyword arguments are variables."""
    started: list[WorkerGroup] = []

    async def start(**variables: str) -> WorkerGroup:
        group = WorkerGroup(server_stores, tmp_path / f"workers-{len(started)}.log", WORKERS, variables)
        started.append(group)
        await group.start()
        return group

    yield start
    for group in started:
        group.close()


async def test_clients_resume_on_whichever_worker_accepts(start_workers: StartWorkers) -> None:
    """Each worker is killed once under load, so every client reconnects: nothing is lost."""
    workers = await start_workers()
    users = [await RegisteredUser.register(f"w{number}", workers) for number in range(USERS)]
    oracle = Oracle(await users[0].create_group(workers, users[1:]))
    pids = workers.worker_pids()
    assert len(pids) == WORKERS
    async with AsyncExitStack() as stack:
        chat_users = [await stack.enter_async_context(ChatUser(user, oracle, [workers])) for user in users]
        for number, pid in enumerate(pids):
            sends = asyncio.gather(*(chat_user.send_many(MESSAGES) for chat_user in chat_users))
            target = USERS * MESSAGES * number + USERS * MESSAGES // 4
            await wait_until(functools.partial(has_acknowledged, oracle, target))
            os.kill(pid, signal.SIGKILL)
            head = max(result.seq for results in await sends for result in results)
            await wait_until(functools.partial(oracle.all_received, head))
            await workers.wait_until_listening(WORKERS + number + 1)
        assert [chat_user.unannounced_gaps for chat_user in chat_users] == [0] * USERS
        assert min(chat_user.client.statistics().connects for chat_user in chat_users) >= 2
    assert head == USERS * MESSAGES * WORKERS
    oracle.check(await users[0].read_history(workers, oracle.conversation_id))
    assert len(workers.worker_pids()) == WORKERS
    assert not set(workers.worker_pids()) & set(pids)


async def test_connections_are_spread_and_drained(start_workers: StartWorkers) -> None:
    """Each worker gets connections and counts its own; SIGTERM drains all of them, and the status is 0."""
    workers = await start_workers()
    users = [await RegisteredUser.register(f"s{number}", workers) for number in range(3)]
    oracle = Oracle(await users[0].create_group(workers, users[1:]))
    pids = workers.worker_pids()
    async with AsyncExitStack() as stack:
        for number in range(SPREAD):
            await stack.enter_async_context(ChatUser(users[number % 3], oracle, [workers]))
        counts = await workers.wait_for_connections(SPREAD)
        assert len(counts) == WORKERS
        # All on one side is as likely as to guess a number of 23 bits.
        assert min(counts) > 0
        assert await workers.stop() == 0
    assert not any(is_running(pid) for pid in pids)
    assert workers.log_text.count("shutdown step") == 0


async def test_sighup_reloads_the_certificate_of_all_workers(
    start_workers: StartWorkers, certificate: CertificateFiles
) -> None:
    """Open connections stay; no worker shows the former certificate afterwards."""
    workers = await start_workers(
        CONVENE_TLS_CERT=str(certificate.certificate), CONVENE_TLS_KEY=str(certificate.key)
    )
    port = urlsplit(workers.url).port
    assert port is not None
    async with connect_peer(port, certificate.trusted()) as opened_before:
        opened_before.write(HEALTH)
        assert (await opened_before.read_http_response()).status == 200
        certificate.renew()
        workers.signal(signal.SIGHUP)
        await wait_until(lambda: workers.log_text.count("TLS certificate reloaded") == WORKERS)
        for _ in range(SPREAD):
            async with connect_peer(port, certificate.trusted()) as opened_after:
                opened_after.write(HEALTH)
                assert (await opened_after.read_http_response()).status == 200
        opened_before.write(HEALTH)
        assert (await opened_before.read_http_response()).status == 200
    assert "is restarted" not in workers.log_text


async def test_sighup_does_not_end_a_worker_that_is_starting(
    start_workers: StartWorkers, certificate: CertificateFiles
) -> None:
    """It serves with the new certificate, and was not restarted again."""
    workers = await start_workers(
        CONVENE_TLS_CERT=str(certificate.certificate), CONVENE_TLS_KEY=str(certificate.key)
    )
    former = set(workers.worker_pids())
    os.kill(min(former), signal.SIGKILL)
    await wait_until(lambda: len(set(workers.worker_pids()) - former) == 1, START_TIMEOUT_S)
    certificate.renew()
    workers.signal(signal.SIGHUP)
    await workers.wait_until_listening(WORKERS + 1)
    port = urlsplit(workers.url).port
    assert port is not None
    for _ in range(SPREAD):
        async with connect_peer(port, certificate.trusted()) as opened:
            opened.write(HEALTH)
            assert (await opened.read_http_response()).status == 200
    assert workers.log_text.count("is restarted") == 1


async def test_workers_stop_when_their_supervisor_is_killed(start_workers: StartWorkers) -> None:
    """They do not hold the port as orphans."""
    workers = await start_workers()
    pids = workers.worker_pids()
    workers.signal(signal.SIGKILL)
    await workers.wait_for_exit()
    await wait_until(
        lambda: not any(is_running(pid) for pid in pids), STOP_TIMEOUT_S, "workers outlived their supervisor"
    )


def has_acknowledged(oracle: Oracle, messages: int) -> bool:
    return oracle.acknowledged > messages


def is_running(pid: int) -> bool:
    """Whether a process runs; one that exited and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
