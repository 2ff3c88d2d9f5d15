"""`docs/load-testing/locustfile.py` as its first lines say to run it, against a real instance."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.accounts.users_file import LoadUser, write_users
from tests.loadtest.small_runs import COMMAND_TIMEOUT_S, ROOT


class LocustStats(msgspec.Struct):
    """What Locust tells of one kind of request."""

    name: str
    num_requests: int
    num_failures: int


async def test_locust_example_sends_and_delivers_messages(
    server_urls: tuple[str, ...], load_users: Sequence[LoadUser], tmp_path: Path
) -> None:
    users_file = tmp_path / "users.json"
    write_users(users_file, load_users[-6:])
    locust = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "docs" / "load-testing" / "locustfile.py")),
        *("--host", server_urls[0], "--headless", "--json", "--skip-log"),
        *("--users", "6", "--spawn-rate", "6", "--run-time", "5s", "--stop-timeout", "2"),
        env={**os.environ, "CONVENE_USERS": str(users_file)},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        told, complaints = await locust.communicate()

    assert locust.returncode == 0, complaints.decode()
    counted = {one.name: one for one in msgspec.json.decode(told, type=list[LocustStats])}
    assert {"send", "delivery", "/v1/conversations"} <= counted.keys(), complaints.decode()
    assert not any(one.num_failures for one in counted.values()), counted
