"""Runs operator commands, in this process or as processes."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import typer
import uvloop
from typer.testing import CliRunner

from actors.operations.backup import Backup
from config.settings import Settings
from server.cli.backup import add_backup
from server.cli.doctor import add_doctor
from server.cli.main import open_stores_for_backup
from server.cli.moderate import add_moderate
from server.cli.replay import add_replay
from server.instance import Instance
from server.operator_services import OperatorServices
from storage.embedded import StoreUrls
from storage.postgres.roles import SERVICES
from tests.end_to_end.server_process import ServerStores

ROOT = Path(__file__).parents[2]
COMMAND_TIMEOUT_S = 180.0


async def run_command(settings: Settings, urls: StoreUrls, *arguments: str) -> tuple[int, str]:
    """Run a command in a thread; return its exit status and its output.

    Starting a process for it takes seconds of processor time.
    """
    return await asyncio.to_thread(_invoke, settings, urls, arguments)


def _invoke(settings: Settings, urls: StoreUrls, arguments: tuple[str, ...]) -> tuple[int, str]:
    stores = msgspec.structs.replace(
        settings.stores, postgres_url=urls.postgres, mongo_url=urls.mongo, redis_url=urls.redis
    )
    settings = msgspec.structs.replace(settings, stores=stores)

    @contextlib.asynccontextmanager
    async def open_services(config: Path | None) -> AsyncIterator[OperatorServices]:
        instance = Instance(settings, urls)
        try:
            yield await instance.open_operator_services()
        finally:
            await instance.stop()

    def open_backup(config: Path | None) -> AbstractAsyncContextManager[Backup]:
        return open_stores_for_backup(settings)

    def run_async(work: Callable[[], Awaitable[None]]) -> None:
        async def main() -> None:
            await work()

        uvloop.run(main())

    cli = typer.Typer()
    add_doctor(cli, open_services, run_async)
    add_backup(cli, open_backup, run_async)
    add_replay(cli, open_services, run_async)
    add_moderate(cli, open_services, run_async)
    result = CliRunner().invoke(cli, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


async def run_process(
    settings: Settings, urls: StoreUrls, *arguments: str, variables: Mapping[str, str] | None = None
) -> tuple[int | None, str]:
    """Run `run.py`; return its exit status, and its output followed by its errors and log."""
    databases: dict[str, str] = {
        service: url for service in SERVICES if (url := getattr(settings.stores, f"postgres_url_{service}"))
    }
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CONVENE_")},
        **ServerStores(urls, databases).environment(),
        **(variables or {}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "run.py"),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(COMMAND_TIMEOUT_S):
        output, errors = await process.communicate()
    return process.returncode, (output + errors).decode()
