"""Runs `docs/load-testing/locustfile.py` as its docstring says, against a real instance."""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest.accounts.users_file import LoadUser, write_users
from tests.loadtest.small_runs import COMMAND_TIMEOUT_S, ROOT


class LocustStats(msgspec.Struct):
    """Locust's statistics of one kind of request."""

    name: str
    num_requests: int
    num_failures: int


async def test_locust_example_sends_and_delivers_messages(
    server_urls: tuple[str, ...], load_users: Sequence[LoadUser], tmp_path: Path
) -> None:
    """Messages and feeds are measured, without failures."""
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
        output, errors = await locust.communicate()

    assert locust.returncode == 0, errors.decode()
    stats = {entry.name: entry for entry in msgspec.json.decode(output, type=list[LocustStats])}
    assert {"send", "delivery", "/v1/conversations"} <= stats.keys(), errors.decode()
    assert not any(entry.num_failures for entry in stats.values()), stats
