"""Convene's command line, and the one place that sees every layer: here the parts are put together.

    python run.py                   serve, with embedded stores unless URLs are set
    python run.py stores            start only the embedded stores and print their URLs
    python run.py migrate           bring the databases up to date

Nothing here decides what the server does; it only says who is given what.
"""

import asyncio
import contextlib
import gc
import logging
import os
import shlex
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from aiohttp import web

from actors.accounts.accounts import Accounts, AccountStores
from actors.accounts.authenticator import Authenticator
from actors.accounts.passwords import Passwords
from actors.core import Core, CoreStores
from actors.runtime.lag import LoopLag
from config.logs import configure_logs
from config.settings import Settings, SettingsFaulty, load_settings
from server.application import application
from server.health import Health
from server.http.rates import Rates
from server.metrics import Sources, metrics_registry
from server.routes.conversations import ConversationRoutes
from server.routes.sessions import SessionRoutes
from server.routes.users import UserRoutes
from server.socket.door import Door
from server.socket.endpoint import ANY_ORIGIN, SocketEndpoint
from server.socket.framing import text_frame
from storage.embedded import EmbeddedStores, StoresUnavailable, StoreUrls
from storage.errors import StorageError
from storage.mongo.messaging import MongoMessaging
from storage.postgres.logins import PostgresLogins
from storage.postgres.migrations import create_database, migrate
from storage.postgres.pool import PoolBounds, PostgresPool
from storage.postgres.sessions import PostgresSessions
from storage.postgres.users import PostgresUsers
from storage.redis.bus import RedisBus
from storage.redis.user_stream import RedisUserStreams

_log = logging.getLogger("convene")
RECONNECTS_PER_S = 400
"""How fast the clients of a stopped instance are asked to come to the others."""
RESTART_S = 1.0
EXPECTED = {"started", "joined the running server"}
"""What embedded stores report when all is well; everything else is a warning."""

cli = typer.Typer(add_completion=False, help="Convene, a realtime social server.")


class Instance:
    """One server process: its parts, in the order in which they begin; they end the other way round."""

    def __init__(self, settings: Settings, urls: StoreUrls) -> None:
        self._settings = settings
        self._urls = urls
        self._name = uuid.uuid4().hex[:12]
        self.port = settings.server.port
        self._endings: list[tuple[str, Callable[[], Awaitable[None]]]] = []

    async def start(self) -> None:
        """Open the stores, build everything, listen."""
        settings, limits = self._settings, self._settings.limits
        pool = await self._postgres()
        messaging = await MongoMessaging.open(self._urls.mongo)
        self._at_end("messaging store", lambda: asyncio.to_thread(messaging.close))
        bus = await RedisBus.open(self._urls.redis, queue_frames=limits.bus_queue_frames)
        self._at_end("bus", bus.close)
        streams = await RedisUserStreams.open(self._urls.redis)
        self._at_end("user streams", streams.close)

        users, sessions, logins = PostgresUsers(pool), PostgresSessions(pool), PostgresLogins(pool)
        passwords = Passwords(limits)
        self._at_end("passwords", _later(passwords.close))
        authenticator = Authenticator(sessions, logins, limits)
        self._at_end("authenticator", authenticator.close)

        def revoked(session_ids: Sequence[str]) -> None:
            core.revoked(session_ids)

        accounts = Accounts(AccountStores(users, sessions, logins), passwords, authenticator, revoked)
        self._at_end("accounts", accounts.close)
        stores = CoreStores(messaging, bus, streams)
        core = Core(stores, authenticator, accounts.cards, limits, text_frame, self._name)
        self._at_end("core", core.stop)
        await core.start()
        door = Door(core.hall, core.queue, core.wheel, core.flusher, limits)
        lag = LoopLag(asyncio.get_running_loop())
        self._at_end("lag", _later(lag.close))

        sources = Sources(
            door=door.statistics,
            directory=core.directory.statistics,
            rooms=core.rooms.statistics,
            conversations=core.actors.statistics,
            log=core.log.statistics,
            bus=bus.statistics,
            loop_lag_s=lambda: lag.last_s,
        )
        health = Health(
            {"users": pool.check, "messaging": messaging.check, "bus": bus.check}, metrics_registry(sources)
        )
        app = application(
            (
                *UserRoutes(accounts).routes(),
                *SessionRoutes(accounts).routes(),
                *ConversationRoutes(core.conversations, accounts).routes(),
            ),
            authenticator,
            Rates(limits, settings.server),
            limits,
            trusted_proxies=settings.server.trusted_proxies,
        )
        app.router.add_get(
            "/v1/ws", SocketEndpoint(door, authenticator, (ANY_ORIGIN,)).handle, allow_head=False
        )
        app.router.add_get("/healthz", health.healthz)
        app.router.add_get("/readyz", health.readyz)
        app.router.add_get("/metrics", health.metrics)
        await self._listen(app, health, door)
        gc.collect()
        gc.freeze()

    async def stop(self) -> None:
        """Refuse what is new, say goodbye, finish what was begun, close the stores last."""
        deadline_s = self._settings.limits.shutdown_ms / 1000
        for name, end in reversed(self._endings):
            try:
                async with asyncio.timeout(deadline_s):
                    await end()
            except Exception as error:  # noqa: BLE001 - the rest must end all the same
                _log.error("%s did not end well", name, exc_info=error)
        self._endings.clear()

    async def _postgres(self) -> PostgresPool:
        stores = self._settings.stores
        url = stores.postgres_url_users or await create_database(self._urls.postgres, "users")
        await migrate(url, "users")
        bounds = PoolBounds(
            stores.postgres_connections,
            stores.postgres_waiting,
            stores.postgres_acquire_timeout_ms,
            stores.postgres_statement_timeout_ms,
        )
        pool = PostgresPool(url, bounds)
        await pool.open()
        self._at_end("users store", pool.close)
        return pool

    async def _listen(self, app: web.Application, health: Health, door: Door) -> None:
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        self._at_end("requests", runner.cleanup)
        site = web.TCPSite(runner, self._settings.server.host, self._settings.server.port, backlog=4096)
        await site.start()
        self.port = int(runner.addresses[0][1])

        async def part() -> None:
            health.stopping()
            door.stop_admitting()
            await site.stop()
            spread_ms = round(door.statistics().sockets / RECONNECTS_PER_S * 1000) + 100
            await door.drain(spread_ms, self._settings.limits.shutdown_ms / 2000)

        self._at_end("sockets", part)
        _log.info("listening on %s:%d", self._settings.server.host, self.port)

    def _at_end(self, name: str, end: Callable[[], Awaitable[None]]) -> None:
        self._endings.append((name, end))


def _later(close: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def end() -> None:
        close()

    return end


# --- the stores


@contextlib.asynccontextmanager
async def stores(settings: Settings) -> AsyncIterator[StoreUrls]:
    """The stores that the settings name, or embedded ones for as long as this lasts."""
    named = settings.stores
    postgres = named.postgres_url or named.postgres_url_users
    if postgres and named.mongo_url and named.redis_url:
        yield StoreUrls(postgres=postgres, mongo=named.mongo_url, redis=named.redis_url)
        return
    if postgres or named.mongo_url or named.redis_url:
        raise StoresUnavailable(
            "Set all of CONVENE_POSTGRES_URL, CONVENE_MONGO_URL and CONVENE_REDIS_URL, or none of them."
        )
    temporary = named.ephemeral
    folder = Path(tempfile.mkdtemp(prefix="convene-")) if temporary else Path(named.data_dir)

    def report(store: str, what: str) -> None:
        level = logging.INFO if what in EXPECTED else logging.WARNING
        _log.log(level, "%s: %s", store, what)

    async with EmbeddedStores(folder, keep=not temporary, report=report) as urls:
        yield urls


def environment(urls: StoreUrls, port: int) -> dict[str, str]:
    """What a child process needs to be the next instance on the same stores."""
    return {
        **os.environ,
        "CONVENE_POSTGRES_URL": urls.postgres,
        "CONVENE_MONGO_URL": urls.mongo,
        "CONVENE_REDIS_URL": urls.redis,
        "CONVENE_PORT": str(port),
    }


# --- serving


async def serve(settings: Settings, instances: int) -> None:
    """Serve until SIGTERM or SIGINT; with several instances each is a process of its own."""
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with stores(settings) as urls:
        if instances > 1:
            ports = range(settings.server.port, settings.server.port + instances)
            await asyncio.gather(*(keep_running(environment(urls, port), stopping) for port in ports))
            return
        instance = Instance(settings, urls)
        try:
            await instance.start()
            await stopping.wait()
        finally:
            await instance.stop()


async def keep_running(variables: Mapping[str, str], stopping: asyncio.Event) -> None:
    """Run one instance as a child, again whenever it dies, until all stop."""
    stopped = asyncio.ensure_future(stopping.wait())
    while not stopping.is_set():
        child = await asyncio.create_subprocess_exec(
            sys.executable, __file__, env=dict(variables), start_new_session=True
        )
        ended = asyncio.ensure_future(child.wait())
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            child.send_signal(signal.SIGTERM)
            await ended
        elif not stopping.is_set():
            _log.error("the instance on port %s died with %s", variables["CONVENE_PORT"], child.returncode)
            await asyncio.wait([stopped], timeout=RESTART_S)


def _settings(config: Path | None, **overrides: str | None) -> Settings:
    variables = dict(os.environ)
    variables.update({name: value for name, value in overrides.items() if value is not None})
    try:
        settings = load_settings(config, variables)
    except SettingsFaulty as faulty:
        typer.echo(str(faulty), err=True)
        raise typer.Exit(2) from None
    configure_logs(settings.log)
    return settings


def _run(work: "Callable[[], Awaitable[None]]") -> None:
    async def main() -> None:
        await work()

    try:
        uvloop.run(main())
    except (StoresUnavailable, StorageError, OSError) as error:
        typer.echo(f"Convene can not start: {error}", err=True)
        raise typer.Exit(1) from None


Config = Annotated[Path | None, typer.Option(help="A TOML file over the defaults.")]


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(help="The first instance's port.")] = None,
    instances: Annotated[int, typer.Option(min=1, max=64, help="Processes, on ports P, P+1, ...")] = 1,
    ephemeral: Annotated[bool, typer.Option(help="Embedded stores in a folder that is dropped.")] = False,  # noqa: FBT002
) -> None:
    """Serve."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings(config, CONVENE_HOST=host, CONVENE_PORT=None if port is None else str(port))
    if ephemeral:
        chosen = msgspec.structs.replace(settings.stores, ephemeral=True)
        settings = msgspec.structs.replace(settings, stores=chosen)
    _run(lambda: serve(settings, instances))


@cli.command("stores")
def only_stores(config: Config = None) -> None:
    """Start only the embedded stores and print their URLs as export lines."""
    settings = _settings(config)

    async def hold() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with stores(settings) as urls:
            for name, url in (("POSTGRES", urls.postgres), ("MONGO", urls.mongo), ("REDIS", urls.redis)):
                typer.echo(f"export CONVENE_{name}_URL={shlex.quote(url)}")
            await stopping.wait()

    _run(hold)


@cli.command("migrate")
def bring_up_to_date(config: Config = None) -> None:
    """Bring every database up to date; safe beside running instances."""
    settings = _settings(config)

    async def work() -> None:
        async with stores(settings) as urls:
            url = settings.stores.postgres_url_users or await create_database(urls.postgres, "users")
            for migration in await migrate(url, "users"):
                typer.echo(f"users: {migration}")
            messaging = await MongoMessaging.open(urls.mongo)
            messaging.close()

    _run(work)


if __name__ == "__main__":
    cli()
