"""The command line as an operator uses it: words and exit statuses."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from config.settings import Settings
from storage.embedded import StoreUrls

ROOT = Path(__file__).parents[2]
COMMAND_TIMEOUT_S = 60.0


async def run_command(settings: Settings, urls: StoreUrls, *arguments: str) -> tuple[int | None, str]:
    """The exit status, and what was said."""
    named = {
        f"CONVENE_{name.upper()}": url
        for name in ("users", "social", "posts", "events", "notifications")
        if (url := getattr(settings.stores, f"postgres_url_{name}"))
    }
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONVENE_")},
        **{name.replace("CONVENE_", "CONVENE_POSTGRES_URL_"): url for name, url in named.items()},
        "CONVENE_POSTGRES_URL": urls.postgres,
        "CONVENE_MONGO_URL": urls.mongo,
        "CONVENE_REDIS_URL": urls.redis,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run.py"),
        *arguments,
        env=variables,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        told, _ = await process.communicate()
    return process.returncode, told.decode()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("doctor",), 0, "All checks passed."),
        (("replay", "list"), 0, "0 dead letters"),
        (("replay", "rewind", "nobody.at_all"), 2, "No consumer is named nobody.at_all."),
        (("moderate", "reports"), 0, "0 open reports"),
        (("moderate", "ban", "nobody"), 1, "No such user."),
        (("moderate", "hide", "nothing"), 1, "No such post."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
async def test_commands_report_result_and_exit_status(
    own_settings: Settings, own_stores: StoreUrls, words: tuple[str, ...], status: int, said: str
) -> None:
    """Each command ends with a plain word and a status that a script can use."""
    found, told = await run_command(own_settings, own_stores, *words)

    assert (found, said in told) == (status, True), told
