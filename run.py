"""Convene's command line, and the one place that sees every layer: here the parts are put together.

    python run.py                   serve, with embedded stores unless URLs are set
    python run.py stores            start only the embedded stores and print their URLs
    python run.py migrate           bring the databases up to date
    python run.py demo              fill a development server with a small town
    python run.py doctor            check stores and invariants, in plain words
    python run.py replay            what could not be taken in between services
    python run.py moderate          reports, and what is done about them
    python run.py load              put servers under load, and check what they promise

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
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from aiohttp import web
from rich.progress import Progress, TaskID

from actors.accounts.account_deletion import AccountDeletion
from actors.accounts.accounts import Accounts, AccountStores
from actors.accounts.authenticator import Authenticator
from actors.accounts.email_verification import EmailVerification
from actors.accounts.password_recovery import PasswordRecovery
from actors.accounts.passwords import Passwords
from actors.accounts.serializers import to_own_user
from actors.conversations.conversations import Conversations
from actors.core import Core, CoreStores, PresenceStores
from actors.mail.email_templates import EmailTemplates
from actors.mail.mail_queue import MailQueue
from actors.moderation.moderation import Moderation
from actors.moderation.reports import Reports
from actors.operations.dead_letter_replay import DeadLetterReplay
from actors.operations.doctor import Doctor, DoctorInputs
from actors.protocol.server_frames import UserUpdated
from actors.runtime.loop_lag import LoopLag
from actors.services import USER_CACHE_SERVICES, EventStores, Services, ServiceStores, SharedServices
from client.demo.arriving import Occupied
from client.demo.people import FEWEST, MOST
from client.demo.town import Town
from client.errors import Refused, Unanswered
from config.log_setup import configure_logging
from config.settings import InvalidSettings, Settings, load_settings
from server.api_docs.endpoints import AsyncApiEndpoints, OpenApiEndpoints
from server.application import create_application
from server.cli.doctor import add_doctor
from server.cli.load import add_load
from server.cli.moderate import add_moderate
from server.cli.operator_services import ConfigOption, OperatorServices
from server.cli.replay import add_replay
from server.event_stream import EventStreamEndpoint
from server.http.rate_limiter import RateLimiter
from server.observability.health import Health
from server.observability.metrics import MetricSources, create_metrics_registry
from server.routes.account import AccountRoutes
from server.routes.conversations import ConversationRoutes
from server.routes.events import EventRoutes
from server.routes.notifications import NotificationRoutes
from server.routes.posts import PostRoutes
from server.routes.presence import PresenceRoutes
from server.routes.recovery import RecoveryRoutes
from server.routes.reports import ReportRoutes
from server.routes.sessions import SessionRoutes
from server.routes.social import SocialRoutes
from server.routes.users import UserRoutes
from server.web_client import WebClient
from server.websocket.connection_manager import ConnectionManager
from server.websocket.endpoint import ANY_ORIGIN, WebSocketEndpoint
from server.websocket.framing import text_frame
from storage.contracts.moderation import ReportKind
from storage.contracts.users import UserRecord
from storage.embedded import StoresUnavailable, StoreUrls
from storage.errors import StorageError
from storage.mail.mailer_factory import create_mailer
from storage.mongo.messaging import MongoMessaging
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.audit import PostgresCountAudit, PostgresPostsAudit, PostgresSocialAudit
from storage.postgres.bulk_users import PostgresBulkUsers
from storage.postgres.database import Database
from storage.postgres.events import PostgresEvents
from storage.postgres.logins import PostgresLogins
from storage.postgres.mail_tokens import PostgresEmailVerifications, PostgresPasswordResets
from storage.postgres.migrations import migrate
from storage.postgres.moderation import PostgresModeration
from storage.postgres.notifications import PostgresNotifications
from storage.postgres.pool import PoolLimits
from storage.postgres.posts import PostgresPosts
from storage.postgres.reactions import PostgresReactions
from storage.postgres.reports import PostgresReports
from storage.postgres.rsvps import PostgresRsvps
from storage.postgres.sessions import PostgresSessions
from storage.postgres.social import PostgresSocial
from storage.postgres.user_cache import PostgresUserCache
from storage.postgres.user_snapshots import PostgresUserSnapshots
from storage.postgres.users import PostgresUsers
from storage.store_urls import resolve_store_urls
from storage.stores import SERVICES, Stores, service_url

_log = logging.getLogger("convene")
DRAIN_RECONNECTS_PER_S = 400
"""How fast the clients of a stopped instance are asked to come to the others."""
RESTART_DELAY_S = 1.0
MAIL_CLOSE_TIMEOUT_S = 5.0
VERSION = "0.1.0"

cli = typer.Typer(add_completion=False, help="Convene, a realtime social server.")


@dataclass(frozen=True, slots=True)
class ServerComponents:
    """Everything that lives in one process, put together, before anybody is let in."""

    stores: Stores
    authenticator: Authenticator
    accounts: Accounts
    email_verification: EmailVerification
    password_recovery: PasswordRecovery
    account_deletion: AccountDeletion
    reports: Reports
    mail_queue: MailQueue
    core: Core
    services: Services


class Instance:
    """One server process: its parts, in the order in which they begin; they end the other way round."""

    def __init__(self, settings: Settings, urls: StoreUrls) -> None:
        self._settings = settings
        self._urls = urls
        self._instance_id = uuid.uuid4().hex[:12]
        self.port = settings.server.port
        self._shutdown_steps: list[tuple[str, Callable[[], Awaitable[None]]]] = []

    async def start(self) -> None:
        """Open the stores, build everything, listen."""
        settings, limits = self._settings, self._settings.limits
        house = await self._open()
        stores, accounts, core, network = house.stores, house.accounts, house.core, house.services
        network.start()
        assert core.presence is not None
        door = ConnectionManager(
            core.session_services, core.run_queue, core.timer_wheel, core.flusher, limits
        )
        lag = LoopLag(asyncio.get_running_loop())
        self._on_shutdown("lag", _as_async(lag.close))
        routes = (
            *UserRoutes(accounts, network.block_service.list_blocked_users).routes(),
            *AccountRoutes(house.account_deletion).routes(),
            *SessionRoutes(accounts).routes(),
            *RecoveryRoutes(house.password_recovery, house.email_verification).routes(),
            *ReportRoutes(house.reports).routes(),
            *SocialRoutes(network.social).routes(),
            *PostRoutes(network.posts, network.reactions, network.home_feed).routes(),
            *EventRoutes(network.events, network.rsvps).routes(),
            *NotificationRoutes(network.notifications).routes(),
            *PresenceRoutes(core.presence).routes(),
            *ConversationRoutes(core.conversations, accounts).routes(),
        )
        rates = RateLimiter(limits, settings.server)
        app = create_application(
            routes,
            house.authenticator,
            rates,
            core.timer_wheel,
            limits,
            trusted_proxies=settings.server.trusted_proxies,
            cors_origins=settings.server.cors_origins,
        )
        sources = MetricSources(
            connections=door.statistics,
            online_users=core.online_users.statistics,
            rooms=core.rooms.statistics,
            conversations=core.conversation_actors.statistics,
            log_writer=core.log_writer.statistics,
            bus=stores.bus.statistics,
            loop_lag_s=lambda: lag.last_s,
            mail=house.mail_queue.statistics,
            domain_events=network.readers.statistics,
        )
        health = Health(
            {**store_checks(stores), "sync": network.readers.check}, create_metrics_registry(sources)
        )
        pages = OpenApiEndpoints(routes, VERSION)
        socket_pages = AsyncApiEndpoints(VERSION, settings.base_url, limits)
        client = WebClient()
        stream = EventStreamEndpoint(house.authenticator, core.session_services)
        socket = WebSocketEndpoint(
            door, house.authenticator, (ANY_ORIGIN,), rates, settings.server.trusted_proxies
        )
        app.router.add_get("/v1/stream", stream.handle, allow_head=False)
        app.router.add_get("/v1/ws", socket.handle, allow_head=False)
        app.router.add_get("/healthz", health.healthz)
        app.router.add_get("/readyz", health.readyz)
        app.router.add_get("/metrics", health.metrics)
        app.router.add_get("/openapi.json", pages.openapi)
        app.router.add_get("/asyncapi.json", socket_pages.asyncapi)
        app.router.add_get("/docs", pages.docs)
        app.router.add_get("/docs/socket", socket_pages.docs)
        app.router.add_get("/", client.index)
        app.router.add_get("/web/{name:.+}", client.file)
        await self._listen(app, health, door, stream)

    async def open_operator_services(self) -> OperatorServices:
        """Open the stores and build everything, for commands: nobody listens, and no feed is read."""
        house = await self._open()
        stores, network = house.stores, house.services

        async def hide(post_id: str) -> bool:
            hidden = await network.hide_post(post_id)
            network.wake_readers("posts")
            return hidden

        users = stores.databases["users"]
        return OperatorServices(
            moderation=Moderation(
                PostgresReports(users.pool, users.idempotency_keys),
                PostgresModeration(users.pool),
                house.core.revoke_sessions,
                hide,
            ),
            doctor=Doctor(doctor_inputs(stores, network)),
            replay=DeadLetterReplay(
                network.readers, {name: one.cursors for name, one in stores.databases.items()}
            ),
        )

    async def _open(self) -> "ServerComponents":
        settings, limits = self._settings, self._settings.limits
        stores = await Stores.open(settings.stores, self._urls, limits)
        self._on_shutdown("stores", stores.close)
        users = stores.databases["users"]

        def revoked(session_ids: Sequence[str]) -> None:
            core.revoke_sessions(session_ids)

        def changed(user: UserRecord) -> None:
            network.wake_readers("users")
            core.publish_ephemeral([user.id], UserUpdated(to_own_user(user)))

        def left() -> None:
            network.wake_readers("users")

        passwords = Passwords(limits)
        self._on_shutdown("passwords", _as_async(passwords.close))
        sessions, logins = PostgresSessions(users.pool), PostgresLogins(users.pool)
        authenticator = Authenticator(sessions, logins, limits)
        self._on_shutdown("authenticator", authenticator.close)
        postbox = MailQueue(create_mailer(settings.mail, settings.log))
        letters = EmailTemplates(postbox, settings.base_url)
        verification = EmailVerification(PostgresEmailVerifications(users.pool), letters)
        accounts = Accounts(
            AccountStores(PostgresUsers(users.pool), sessions, logins),
            passwords,
            authenticator,
            revoked,
            verification.request_link,
            changed,
        )
        self._on_shutdown("accounts", accounts.close)
        resets = PostgresPasswordResets(users.pool)
        recovery = PasswordRecovery(resets, letters, passwords, authenticator, revoked)
        self._on_shutdown("mails", lambda: _close_mail(recovery, verification, postbox))

        ground = SharedServices(service_stores(stores), limits)
        self._on_shutdown("people", ground.close)
        core = Core(
            CoreStores(
                stores.messaging,
                stores.bus,
                stores.user_streams,
                PresenceStores(stores.presence, stores.messaging.last_seen),
            ),
            authenticator,
            accounts.load_cards,
            limits,
            text_frame,
            self._instance_id,
            ground.hooks(),
        )
        self._on_shutdown("core", core.stop)
        network = Services(ground, core, limits, accounts.invalidate_card, stores.bus.publish)
        self._on_shutdown("network", network.close)
        await core.start()

        async def visible(viewer_id: str, kind: ReportKind, target_id: str) -> bool:
            return await is_visible(network, core.conversations, accounts, viewer_id, kind, target_id)

        return ServerComponents(
            stores=stores,
            authenticator=authenticator,
            accounts=accounts,
            email_verification=verification,
            password_recovery=recovery,
            account_deletion=AccountDeletion(PostgresUserSnapshots(users.pool), authenticator, revoked, left),
            reports=Reports(PostgresReports(users.pool, users.idempotency_keys), visible),
            mail_queue=postbox,
            core=core,
            services=network,
        )

    async def stop(self) -> None:
        """Refuse what is new, say goodbye, finish what was begun, close the stores last."""
        deadline_s = self._settings.limits.shutdown_ms / 1000
        for name, end in reversed(self._shutdown_steps):
            try:
                async with asyncio.timeout(deadline_s):
                    await end()
            except Exception as error:  # noqa: BLE001 - the rest must end all the same
                _log.error("%s did not end well", name, exc_info=error)
        self._shutdown_steps.clear()

    async def _listen(
        self,
        app: web.Application,
        health: Health,
        connections: ConnectionManager,
        stream: EventStreamEndpoint,
    ) -> None:
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
        await runner.setup()
        self._on_shutdown("requests", runner.cleanup)
        site = web.TCPSite(runner, self._settings.server.host, self._settings.server.port, backlog=4096)
        await site.start()
        self.port = int(runner.addresses[0][1])

        async def part() -> None:
            health.mark_stopping()
            connections.stop_admitting()
            await site.stop()
            stream.close()
            spread_ms = round(connections.statistics().connections / DRAIN_RECONNECTS_PER_S * 1000) + 100
            await connections.drain(spread_ms, self._settings.limits.shutdown_ms / 2000)

        self._on_shutdown("sockets", part)
        _log.info("listening on %s:%d", self._settings.server.host, self.port)

    def _on_shutdown(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        self._shutdown_steps.append((name, step))


def service_stores(stores: Stores) -> ServiceStores:
    """Every service's stores, each on its own database."""
    databases = stores.databases
    social, posts, events = databases["social"], databases["posts"], databases["events"]
    notifications = databases["notifications"]
    rsvps = PostgresRsvps(events.pool)
    found_posts = PostgresPosts(posts.pool, posts.idempotency_keys)
    return ServiceStores(
        user_snapshots=PostgresUserSnapshots(databases["users"].pool),
        social=PostgresSocial(social.pool),
        audiences=PostgresAudiences(social.pool, social.cursors),
        posts=found_posts,
        feed_posts=found_posts,
        reactions=PostgresReactions(posts.pool, posts.idempotency_keys),
        events=PostgresEvents(events.pool, events.idempotency_keys, rsvps),
        rsvps=rsvps,
        notifications=PostgresNotifications(notifications.pool, notifications.cursors),
        conversations=stores.messaging,
        timelines=stores.timelines,
        user_streams=stores.user_streams,
        user_caches={
            name: PostgresUserCache(databases[name].pool, databases[name].cursors)
            for name in USER_CACHE_SERVICES
        },
        event_stores={
            name: EventStores(database.outbox, database.cursors, database.idempotency_keys, database.locks)
            for name, database in databases.items()
        },
    )


def store_checks(stores: Stores) -> dict[str, Callable[[], Awaitable[None]]]:
    """A real write and read on every store."""
    databases = {name: database.pool.check for name, database in stores.databases.items()}
    return {**databases, "messaging": stores.messaging.check, "bus": stores.bus.check}


def doctor_inputs(stores: Stores, services: Services) -> DoctorInputs:
    """What there is to be looked at."""
    databases = stores.databases
    social, posts = PostgresSocialAudit(databases["social"].pool), PostgresPostsAudit(databases["posts"].pool)
    counted = {name: PostgresCountAudit(databases[name].pool, name) for name in ("events", "notifications")}
    return DoctorInputs(
        store_checks=store_checks(stores),
        outboxes={name: database.outbox for name, database in databases.items()},
        cursors={name: database.cursors for name, database in databases.items()},
        consumers=services.consumers,
        count_audits={"social": social, "posts": posts, **counted},
        posts_audit=posts,
        social_audit=social,
        user_snapshots=PostgresUserSnapshots(databases["users"].pool),
        user_caches={
            name: PostgresUserCache(databases[name].pool, databases[name].cursors)
            for name in USER_CACHE_SERVICES
        },
        message_log=stores.messaging,
        log_audit=stores.messaging,
    )


async def is_visible(
    services: Services,
    conversations: Conversations,
    accounts: Accounts,
    viewer_id: str,
    kind: ReportKind,
    target_id: str,
) -> bool:
    """Whether there is such a thing for the viewer, whichever service has it."""
    match kind:
        case ReportKind.POST:
            return await services.posts.can_see(viewer_id, target_id)
        case ReportKind.COMMENT:
            return await services.reactions.can_see_comment(viewer_id, target_id)
        case ReportKind.MESSAGE:
            return await conversations.can_see_message(viewer_id, target_id)
        case ReportKind.USER:
            # Whom one blocked one may still report.
            return bool(await accounts.load_current_cards([target_id]))


async def _close_mail(
    password_recovery: PasswordRecovery, email_verification: EmailVerification, mail_queue: MailQueue
) -> None:
    await asyncio.gather(
        password_recovery.close(MAIL_CLOSE_TIMEOUT_S), email_verification.close(MAIL_CLOSE_TIMEOUT_S)
    )
    await mail_queue.close(MAIL_CLOSE_TIMEOUT_S)


def _as_async(close: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def end() -> None:
        close()

    return end


def child_environment(urls: StoreUrls, port: int) -> dict[str, str]:
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
    async with resolve_store_urls(settings.stores) as urls:
        if instances > 1:
            ports = range(settings.server.port, settings.server.port + instances)
            await asyncio.gather(
                *(supervise_instance(child_environment(urls, port), stopping) for port in ports)
            )
            return
        instance = Instance(settings, urls)
        try:
            await instance.start()
            # What was made for good is never looked at again.
            gc.collect()
            gc.freeze()
            await stopping.wait()
        finally:
            await instance.stop()


async def supervise_instance(environment: Mapping[str, str], stopping: asyncio.Event) -> None:
    """Run one instance as a child, again whenever it dies, until all stop."""
    stopped = asyncio.ensure_future(stopping.wait())
    while not stopping.is_set():
        child = await asyncio.create_subprocess_exec(
            sys.executable, __file__, env=dict(environment), start_new_session=True
        )
        ended = asyncio.ensure_future(child.wait())
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            child.send_signal(signal.SIGTERM)
            await ended
        elif not stopping.is_set():
            _log.error("the instance on port %s died with %s", environment["CONVENE_PORT"], child.returncode)
            await asyncio.wait([stopped], timeout=RESTART_DELAY_S)


def _load_settings(config: Path | None, **overrides: str | None) -> Settings:
    variables = dict(os.environ)
    variables.update({name: value for name, value in overrides.items() if value is not None})
    try:
        settings = load_settings(config, variables)
    except InvalidSettings as faulty:
        typer.echo(str(faulty), err=True)
        raise typer.Exit(2) from None
    configure_logging(settings.log)
    return settings


def _run_async(work: "Callable[[], Awaitable[None]]") -> None:
    async def main() -> None:
        await work()

    try:
        uvloop.run(main())
    except (StoresUnavailable, StorageError, OSError) as error:
        typer.echo(f"Convene can not start: {error}", err=True)
        raise typer.Exit(1) from None


@cli.callback(invoke_without_command=True)
def main(
    context: typer.Context,
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(help="The first instance's port.")] = None,
    instances: Annotated[int, typer.Option(min=1, max=64, help="Processes, on ports P, P+1, ...")] = 1,
    ephemeral: Annotated[bool, typer.Option(help="Embedded stores in a folder that is dropped.")] = False,  # noqa: FBT002
) -> None:
    """Serve."""
    if context.invoked_subcommand is not None:
        return
    settings = _load_settings(config, CONVENE_HOST=host, CONVENE_PORT=None if port is None else str(port))
    if ephemeral:
        chosen = msgspec.structs.replace(settings.stores, ephemeral=True)
        settings = msgspec.structs.replace(settings, stores=chosen)
    _run_async(lambda: serve(settings, instances))


@cli.command("stores")
def run_stores(config: ConfigOption = None) -> None:
    """Start only the embedded stores and print their URLs as export lines."""
    settings = _load_settings(config)

    async def hold() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with resolve_store_urls(settings.stores) as urls:
            for name, url in (("POSTGRES", urls.postgres), ("MONGO", urls.mongo), ("REDIS", urls.redis)):
                typer.echo(f"export CONVENE_{name}_URL={shlex.quote(url)}")
            await stopping.wait()

    _run_async(hold)


@cli.command("migrate")
def migrate_databases(config: ConfigOption = None) -> None:
    """Bring every database up to date; safe beside running instances."""
    settings = _load_settings(config)

    async def work() -> None:
        async with resolve_store_urls(settings.stores) as urls:
            for service in SERVICES:
                url = await service_url(settings.stores, urls, service)
                for migration in await migrate(url, service):
                    typer.echo(f"{service}: {migration}")
            messaging = await MongoMessaging.open(urls.mongo)
            messaging.close()

    _run_async(work)


@contextlib.asynccontextmanager
async def open_operator_services(config: Path | None) -> AsyncIterator[OperatorServices]:
    """The house, opened for a command."""
    settings = _load_settings(config)
    async with resolve_store_urls(settings.stores) as urls:
        instance = Instance(settings, urls)
        try:
            yield await instance.open_operator_services()
        finally:
            await instance.stop()


@contextlib.asynccontextmanager
async def open_bulk_users(config: Path | None) -> AsyncIterator[PostgresBulkUsers]:
    """Where a load test's users are made."""
    stores = _load_settings(config).stores
    async with resolve_store_urls(stores) as urls:
        database = await Database.open(await service_url(stores, urls, "users"), "users", PoolLimits())
        try:
            yield PostgresBulkUsers(database.pool)
        finally:
            await database.pool.close()


@cli.command()
def demo(
    url: Annotated[str, typer.Option(help="A running development server.")] = "http://127.0.0.1:8080",
    users: Annotated[int, typer.Option(min=FEWEST, max=MOST, help="How many live there.")] = 120,
    password: Annotated[str, typer.Option(help="Of everybody.")] = "convene-demo",  # noqa: S107 - it is for a demo
    seed: Annotated[int, typer.Option(help="Another seed, another town.")] = 1,
) -> None:
    """Fill a development server with a small town, through its public paths; again adds nothing."""
    bars = Progress()
    tasks: dict[str, TaskID] = {}

    def progress(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(step, total=total)
        bars.update(tasks[step], completed=done)

    async def work() -> None:
        with bars:
            town = await Town().build(url, seed=seed, password=password, people=users, progress=progress)
        counts = msgspec.structs.asdict(town.counts)
        typer.echo(", ".join(f"{count} {what}" for what, count in counts.items()))
        typer.echo(f"Log in as {', '.join(town.logins)} or anybody else, with the password {password}")

    try:
        _run_async(work)
    except Occupied as occupied:
        typer.echo(f"The town was not built: the name {occupied.username} is somebody else's here.", err=True)
        raise typer.Exit(1) from None
    except (Refused, Unanswered) as error:
        typer.echo(f"The town was not built: {error}", err=True)
        raise typer.Exit(1) from None


add_doctor(cli, open_operator_services, _run_async)
add_replay(cli, open_operator_services, _run_async)
add_moderate(cli, open_operator_services, _run_async)
add_load(cli, open_bulk_users, _run_async)


if __name__ == "__main__":
    cli()
