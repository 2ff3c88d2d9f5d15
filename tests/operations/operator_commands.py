"""Runs operator commands as processes."""

import asyncio
import os
import sys
from pathlib import Path

from config.settings import Settings
from storage.embedded import StoreUrls

ROOT = Path(__file__).parents[2]
COMMAND_TIMEOUT_S = 60.0


async def run_command(settings: Settings, urls: StoreUrls, *arguments: str) -> tuple[int | None, str]:
    """Run a command; return its exit status, and its output followed by its errors and log."""
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
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        output, errors = await process.communicate()
    return process.returncode, (output + errors).decode()
