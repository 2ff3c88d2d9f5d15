"""The command line.

python run.py                   serve, with embedded stores unless URLs are set
python run.py --workers 4       serve on one port with 4 processes
python run.py stores            start only the embedded stores and print their URLs
python run.py migrate           bring the databases up to date
python run.py demo              fill a development server with sample data
python run.py doctor            check stores and invariants
python run.py backup            copy all data into a folder
python run.py restore           replace all data by a backup
python run.py replay            domain events that could not be handled
python run.py moderate          reports, and actions on them
python run.py load              the load tester
"""

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
import typer
import uvloop
from rich.progress import Progress, TaskID

from actors.operations.backup import Backup
from actors.protocol.errors import ApiError
from client.errors import RequestRejected, RequestTimeout
from config.log_setup import configure_logging
from config.settings import InvalidSettings, Settings, is_loopback, load_settings
from examples.demo.demo_data import DemoData
from examples.demo.plan_users import USERS_MAX, USERS_MIN
from examples.demo.register_users import UsernameTaken
from server.cli.backup import add_backup
from server.cli.child_listeners import WorkersUnsupported
from server.cli.command_types import ConfigOption
from server.cli.doctor import add_doctor
from server.cli.load import add_load
from server.cli.moderate import add_moderate
from server.cli.postgres_roles import create_roles
from server.cli.replay import add_replay
from server.cli.serve import serve, serve_instances, serve_workers
from server.cli.supervisor import SUPERVISED_OPTION
from server.http.listener_tls import InvalidCertificate
from server.instance import VERSION, Instance
from server.observability.tracing import TracingUnavailable
from server.operator_services import OperatorServices
from storage.embedded import StoresUnavailable
from storage.errors import StorageError
from storage.mongo.backups import MongoBackup
from storage.mongo.messaging import MongoMessaging
from storage.postgres.backups import PostgresBackup
from storage.postgres.bulk_users import PostgresBulkUsers
from storage.postgres.database import Database
from storage.postgres.migrations import migrate
from storage.postgres.pool import PoolLimits
from storage.postgres.roles import SERVICES
from storage.redis.volatile_keys import RedisVolatileKeys
from storage.store_urls import resolve_store_urls
from storage.stores import service_url

cli = typer.Typer(add_completion=False, help="Convene, a realtime social server.")


def _load_settings(config: Path | None, **overrides: str | None) -> Settings:
    variables = dict(os.environ)
    variables.update({name: value for name, value in overrides.items() if value is not None})
    try:
        settings = load_settings(config, variables)
    except InvalidSettings as invalid:
        typer.echo(str(invalid), err=True)
        raise typer.Exit(2) from None
    configure_logging(settings.log)
    return settings


START_ERRORS = (
    *(StoresUnavailable, StorageError, InvalidCertificate),
    *(TracingUnavailable, WorkersUnsupported, OSError),
)


def _run_async(work: "Callable[[], Awaitable[None]]") -> None:
    async def main() -> None:
        await work()

    try:
        uvloop.run(main())
    except START_ERRORS as error:
        typer.echo(f"Convene cannot start: {error}", err=True)
        raise typer.Exit(1) from None


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the first instance.")] = None,
    instances: Annotated[
        int, typer.Option(min=1, max=64, help="Number of processes, on ports P, P+1, ...")
    ] = 1,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Number of processes that share one port.")
    ] = None,
    ephemeral: Annotated[bool, typer.Option(help="Keep the embedded stores in a temporary folder.")] = False,  # noqa: FBT002
    supervised: Annotated[bool, typer.Option(SUPERVISED_OPTION, hidden=True)] = False,  # noqa: FBT002
) -> None:
    """Serve until SIGTERM, unless a subcommand is given."""
    if context.invoked_subcommand is not None:
        return
    if workers is not None and instances > 1:
        typer.echo("Use --workers (one port) or --instances (one port each), not both.", err=True)
        raise typer.Exit(2)
    settings = _load_settings(config, CONVENE_HOST=host, CONVENE_PORT=None if port is None else str(port))
    if ephemeral:
        stores = msgspec.structs.replace(settings.stores, ephemeral=True)
        settings = msgspec.structs.replace(settings, stores=stores)
    if workers is not None:
        _run_async(lambda: serve_workers(settings, config, workers))
    elif instances > 1:
        _run_async(lambda: serve_instances(settings, config, instances))
    else:
        _run_async(lambda: serve(settings, supervised=supervised))


@cli.command("stores")
def run_stores(config: ConfigOption = None) -> None:
    """Start only the embedded stores and print their URLs as export lines."""
    settings = _load_settings(config)

    async def run() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with resolve_store_urls(settings.stores) as urls:
            variables = {
                f"POSTGRES_URL_{service.upper()}": url for service, url in urls.postgres_by_service.items()
            }
            variables |= {"POSTGRES_URL": urls.postgres, "MONGO_URL": urls.mongo, "REDIS_URL": urls.redis}
            for name, url in variables.items():
                typer.echo(f"export CONVENE_{name}={shlex.quote(url)}")
            await stopping.wait()

    _run_async(run)


@cli.command("migrate")
def migrate_databases(
    config: ConfigOption = None,
    admin_url: Annotated[
        str | None,
        typer.Option(help="PostgreSQL administrator: creates a role and a database for each service first."),
    ] = None,
) -> None:
    """Bring every database up to date. Safe while instances run."""
    settings = _load_settings(config)

    async def work() -> None:
        stores = settings.stores
        if admin_url is not None:
            stores = await create_roles(stores, admin_url)
            for service in SERVICES:
                await _migrate(service, getattr(stores, f"postgres_url_{service}"))
            return
        async with resolve_store_urls(stores) as urls:
            for service in SERVICES:
                await _migrate(service, await service_url(stores, urls, service))
            messaging = await MongoMessaging.open(urls.mongo)
            messaging.close()

    _run_async(work)


async def _migrate(service: str, url: str) -> None:
    for migration in await migrate(url, service):
        typer.echo(f"{service}: {migration}")


@contextlib.asynccontextmanager
async def open_operator_services(config: Path | None) -> AsyncIterator[OperatorServices]:
    """Open the components for an operator command."""
    settings = _load_settings(config)
    async with resolve_store_urls(settings.stores) as urls:
        instance = Instance(settings, urls)
        try:
            yield await instance.open_operator_services()
        finally:
            await instance.stop()


@contextlib.asynccontextmanager
async def open_bulk_users(config: Path | None) -> AsyncIterator[PostgresBulkUsers]:
    """Open the store in which `load prepare` creates users."""
    stores = _load_settings(config).stores
    async with resolve_store_urls(stores) as urls:
        database = await Database.open(await service_url(stores, urls, "users"), "users", PoolLimits())
        try:
            yield PostgresBulkUsers(database.pool)
        finally:
            await database.pool.close()


@contextlib.asynccontextmanager
async def open_stores_for_backup(settings: Settings) -> AsyncIterator[Backup]:
    """Open all stores for a backup or a restore. Missing databases are created, and nothing is migrated."""
    async with resolve_store_urls(settings.stores) as urls:
        messaging = MongoBackup(urls.mongo)
        try:
            databases = {
                service: PostgresBackup(await service_url(settings.stores, urls, service), service)
                for service in SERVICES
            }
            redis = [RedisVolatileKeys(url) for url in urls.redis.split(",")]
            yield Backup({"messaging": messaging, **databases}, redis, VERSION, typer.echo)
        finally:
            messaging.close()


async def make_moderator(username: str, user_id: str) -> bool:
    """Make a user moderator in the stores of this folder. Returns False if the user is not in them."""
    try:
        async with open_operator_services(None) as services:
            return await services.moderation.ensure_moderator(username, user_id)
    except (ApiError, StorageError, StoresUnavailable):
        return False


@cli.command()
def demo(
    url: Annotated[str, typer.Option(help="A running development server.")] = "http://127.0.0.1:8080",
    users: Annotated[int, typer.Option(min=USERS_MIN, max=USERS_MAX, help="Number of users.")] = 120,
    password: Annotated[str, typer.Option(help="Password of all demo users.")] = "convene-demo",  # noqa: S107 - it is for a demo
    seed: Annotated[int, typer.Option(help="Seed of the generated data.")] = 1,
) -> None:
    """Fill a development server with sample data through its public API. Running it again adds nothing."""
    progress_bars = Progress()
    tasks: dict[str, TaskID] = {}

    def progress(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = progress_bars.add_task(step, total=total)
        progress_bars.update(tasks[step], completed=done)

    async def work() -> None:
        with progress_bars:
            summary = await DemoData().create(
                url, seed=seed, password=password, users=users, progress=progress
            )
        counts = msgspec.structs.asdict(summary.counts)
        typer.echo(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in counts.items()))
        typer.echo(
            f"Log in as {', '.join(summary.login_usernames)} or any other demo user, "
            f"with the password {password}"
        )
        name = summary.login_usernames[0]
        is_local = is_loopback(urlsplit(url).hostname or "")
        if is_local and await make_moderator(name, summary.first_login_user_id):
            typer.echo(f"{name} is a moderator.")
        else:
            typer.echo(f"To make {name} a moderator, run on the server: moderate role {name} moderator")

    try:
        _run_async(work)
    except UsernameTaken as occupied:
        typer.echo(
            f"Demo data was not created: the username {occupied.username} belongs to another user.", err=True
        )
        raise typer.Exit(1) from None
    except (RequestRejected, RequestTimeout) as error:
        typer.echo(f"Demo data was not created: {error}", err=True)
        raise typer.Exit(1) from None


add_doctor(cli, open_operator_services, _run_async)
add_backup(cli, lambda config: open_stores_for_backup(_load_settings(config)), _run_async)
add_replay(cli, open_operator_services, _run_async)
add_moderate(cli, open_operator_services, _run_async)
add_load(cli, open_bulk_users, lambda config: Path(_load_settings(config).stores.data_dir), _run_async)
