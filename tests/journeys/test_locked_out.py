"""Sessions end together: by a new password over a link in the log, and by a ban at the command line."""

import asyncio
import re
import subprocess
import sys

import aiohttp

from client.client import Client
from client.http import Http
from tests.journeys.conftest import Pair
from tests.journeys.instance import ROOT, Instance
from tests.journeys.patience import eventually
from tests.journeys.person import PASSWORD, Person

NEW_PASSWORD = "staple battery horse"
LINK = re.compile(r"password reset would have been sent: \S+/#/reset/([A-Za-z0-9_-]{43})")
COMMAND_S = 60.0


async def ask(method: str, url: str, body: object, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url, json=body) as response,
    ):
        return response.status


async def moderate(instance: Instance, *words: str) -> None:
    """Give a moderator's command on the instance's stores."""

    def run() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, str(ROOT / "run.py"), "moderate", *words]
        return subprocess.run(
            command,
            cwd=ROOT,
            env=instance._variables,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )

    ended = await asyncio.to_thread(run)
    assert ended.returncode == 0, ended.stdout + ended.stderr


async def logs_in(at: Instance, username: str, password: str) -> bool:
    body = {"login": username, "password": password}
    return await ask("POST", f"{at.url}/v1/sessions", body) == 201


async def test_forgotten_password_is_set_by_the_link_in_the_log(pair: Pair) -> None:
    """Asked for here, used there: all sockets close within a second, and only the new password works."""
    here, there = pair
    ana = await Person.register("ana", here)
    async with Client([here.url], ana.token) as laptop, Client([there.url], ana.token) as phone:
        known = len(LINK.findall(here.said))
        body = {"email": f"{ana.username}@example.com"}
        assert await ask("POST", f"{here.url}/v1/password-resets", body) == 202
        await eventually(lambda: len(LINK.findall(here.said)) > known)
        path = f"/v1/password-resets/{LINK.findall(here.said)[-1]}"
        assert await ask("PUT", there.url + path, {"new_password": NEW_PASSWORD}) == 204
        loop = asyncio.get_running_loop()
        used = loop.time()
        await eventually(lambda: laptop.ended is not None and phone.ended is not None, 5.0)
        assert loop.time() - used < 1.0
        assert laptop.ended is not None
        assert phone.ended is not None
        assert (laptop.ended.code, phone.ended.code) == (4503, 4503)
    for instance in pair:
        assert await ask("GET", f"{instance.url}/v1/users/me", None, ana.token) == 401
        assert not await logs_in(instance, ana.username, PASSWORD)
        assert await logs_in(instance, ana.username, NEW_PASSWORD)
    assert await ask("PUT", here.url + path, {"new_password": PASSWORD}) == 404


async def test_ban_at_the_command_line_reaches_all_instances(pair: Pair) -> None:
    """Another process bans: sockets close everywhere, tokens that instances remember die, others stay."""
    here, there = pair
    ana, ben = await Person.register("ana", here), await Person.register("ben", here)
    for instance in pair:
        assert await ask("GET", f"{instance.url}/v1/users/me", None, ana.token) == 200
    async with (
        Client([here.url], ana.token) as laptop,
        Client([there.url], ana.token) as phone,
        Client([there.url], ben.token) as bens,
    ):
        await moderate(here, "ban", ana.username)
        await eventually(lambda: laptop.ended is not None and phone.ended is not None, 5.0)
        assert laptop.ended is not None
        assert phone.ended is not None
        assert (laptop.ended.code, phone.ended.code) == (4503, 4503)
        await bens.ping()
    for instance in pair:
        assert await ask("GET", f"{instance.url}/v1/users/me", None, ana.token) == 401
        assert not await logs_in(instance, ana.username, PASSWORD)
    await moderate(here, "unban", ana.username)
    async with Http(there.url) as http:
        await http.login(ana.username, PASSWORD)
