"""Output and exit status of the operator commands."""

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
    """Run a command; return its exit status and output."""
    service_urls = {
        f"CONVENE_{name.upper()}": url
        for name in ("users", "social", "posts", "events", "notifications")
        if (url := getattr(settings.stores, f"postgres_url_{name}"))
    }
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONVENE_")},
        **{name.replace("CONVENE_", "CONVENE_POSTGRES_URL_"): url for name, url in service_urls.items()},
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
        output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.parametrize(
    ("arguments", "expected_status", "expected_output"),
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
    own_settings: Settings,
    own_stores: StoreUrls,
    arguments: tuple[str, ...],
    expected_status: int,
    expected_output: str,
) -> None:
    """Each command prints its result and exits with a status for scripts."""
    status, output = await run_command(own_settings, own_stores, *arguments)

    assert (status, expected_output in output) == (expected_status, True), output
