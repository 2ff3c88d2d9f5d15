"""Access to an account over two instances: resets, bans, undone address changes, limits of passwords."""

import asyncio
import re
import subprocess
import sys

import aiohttp
import pytest

from client.client import Client
from client.errors import RequestRejected
from client.http_client import HttpClient
from config.limits import Limits
from tests.end_to_end.conftest import Pair
from tests.end_to_end.polling import wait_until
from tests.end_to_end.registered_user import PASSWORD, RegisteredUser
from tests.end_to_end.server_process import ROOT, ServerProcess

NEW_PASSWORD = "staple battery horse"
RESET_LINK = re.compile(r"password reset mail not sent, its link is \S+/#/reset/([A-Za-z0-9_-]{43})")
UNDO_LINK = re.compile(r"email change mail not sent, its link is \S+/#/undo-email-change/([A-Za-z0-9_-]{43})")
COMMAND_TIMEOUT_S = 240.0


async def request_status(method: str, url: str, body: object, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, json=body) as response,
    ):
        return response.status


async def run_moderate(instance: ServerProcess, *arguments: str) -> None:
    """Run `run.py moderate` on the instance's stores."""

    def run() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "run.py"), "moderate", *arguments]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=instance._environment,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    result = await asyncio.to_thread(run)
    assert result.returncode == 0, result.stdout + result.stderr


async def can_log_in(instance: ServerProcess, username: str, password: str) -> bool:
    body = {"login": username, "password": password}
    return await request_status("POST", f"{instance.url}/v1/sessions", body) == 201


async def test_password_reset_by_logged_link(pair: Pair) -> None:
    """A reset requested on one instance and used on the other closes all sockets within a second.

    Afterwards only the new password works.
    """
    first, second = pair
    ana = await RegisteredUser.register("ana", first)
    async with Client([first.url], ana.token) as laptop, Client([second.url], ana.token) as phone:
        links_before = len(RESET_LINK.findall(first.log_text))
        body = {"email": f"{ana.username}@example.com"}
        assert await request_status("POST", f"{first.url}/v1/password-resets", body) == 202
        await wait_until(lambda: len(RESET_LINK.findall(first.log_text)) > links_before)
        path = f"/v1/password-resets/{RESET_LINK.findall(first.log_text)[-1]}"
        assert await request_status("PUT", second.url + path, {"new_password": NEW_PASSWORD}) == 204
        loop = asyncio.get_running_loop()
        used_at = loop.time()
        await wait_until(lambda: laptop.closed_error is not None and phone.closed_error is not None, 5.0)
        assert loop.time() - used_at < 1.0
        assert laptop.closed_error is not None
        assert phone.closed_error is not None
        assert (laptop.closed_error.code, phone.closed_error.code) == (4503, 4503)
    for instance in pair:
        assert await request_status("GET", f"{instance.url}/v1/users/me", None, ana.token) == 401
        assert not await can_log_in(instance, ana.username, PASSWORD)
        assert await can_log_in(instance, ana.username, NEW_PASSWORD)
    assert await request_status("PUT", first.url + path, {"new_password": PASSWORD}) == 404


async def test_cli_ban_reaches_all_instances(pair: Pair) -> None:
    """A ban by another process closes the user's sockets and invalidates cached tokens; others stay."""
    first, second = pair
    ana, ben = await RegisteredUser.register("ana", first), await RegisteredUser.register("ben", first)
    for instance in pair:
        assert await request_status("GET", f"{instance.url}/v1/users/me", None, ana.token) == 200
    async with (
        Client([first.url], ana.token) as laptop,
        Client([second.url], ana.token) as phone,
        Client([second.url], ben.token) as ben_client,
    ):
        await run_moderate(first, "ban", ana.username)
        await wait_until(lambda: laptop.closed_error is not None and phone.closed_error is not None, 5.0)
        assert laptop.closed_error is not None
        assert phone.closed_error is not None
        assert (laptop.closed_error.code, phone.closed_error.code) == (4503, 4503)
        await ben_client.ping()
    for instance in pair:
        assert await request_status("GET", f"{instance.url}/v1/users/me", None, ana.token) == 401
        assert not await can_log_in(instance, ana.username, PASSWORD)
    await run_moderate(first, "unban", ana.username)
    async with HttpClient(second.url) as http:
        await http.login(ana.username, PASSWORD)


async def test_undone_address_change_ends_all_sessions(pair: Pair) -> None:
    """A change on one instance is undone by the link on the other: sockets close, the password is gone."""
    first, second = pair
    ana = await RegisteredUser.register("ana", first)
    async with ana.http(first) as http:
        with pytest.raises(RequestRejected, match="invalid_credentials"):
            await http.change_email(f"new.{ana.username}@example.com", "a wrong password")
        changed = await http.change_email(f"new.{ana.username}@example.com", PASSWORD)
    assert changed.email == f"new.{ana.username}@example.com"
    await wait_until(lambda: UNDO_LINK.search(first.log_text) is not None, 10.0)
    async with Client([second.url], ana.token) as laptop:
        path = f"/v1/email-changes/{UNDO_LINK.findall(first.log_text)[-1]}"
        assert await request_status("DELETE", second.url + path, None) == 204
        await wait_until(lambda: laptop.closed_error is not None, 5.0)
    assert not await can_log_in(first, ana.username, PASSWORD)


async def test_password_attempts_are_counted_over_all_instances(pair: Pair) -> None:
    """Spread over two instances they get one budget; the deletion of the account needs the password too."""
    first, second = pair
    ana = await RegisteredUser.register("ana", first)
    async with HttpClient(first.url) as http, HttpClient(second.url) as other:
        for number in range(Limits().login_failures_burst):
            with pytest.raises(RequestRejected, match="invalid_credentials"):
                await (http, other)[number % 2].login(ana.username, "a wrong password")
        for asked in (http, other):
            with pytest.raises(RequestRejected, match=r"rate\.limited") as refused:
                await asked.login(ana.username, PASSWORD)
            assert refused.value.retry_after_ms is not None
    async with ana.http(second) as http:
        with pytest.raises(RequestRejected, match="invalid_credentials"):
            await http.delete_account("a wrong password")
        await http.delete_account(PASSWORD)
    assert await request_status("GET", f"{first.url}/v1/users/me", None, ana.token) == 401
