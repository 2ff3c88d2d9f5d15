"""One server process: creates its components, listens, and shuts down in order."""

import asyncio
import logging
import uuid
from collections.abc import Sequence

from aiohttp import web

from actors.diagnostics.delivery_explainer import DeliveryExplainer
from actors.runtime.loop_lag import LoopLag
from config.settings import Settings
from server.api_docs.endpoints import ApiDocs
from server.application import NOT_FOUND_PAGE, add_response_headers, create_application, error_middleware
from server.composition.components import ServerComponents, create_components
from server.composition.metric_sources import create_metric_sources
from server.composition.operators import create_operator_services
from server.composition.routes import create_routes
from server.composition.service_stores import store_checks
from server.event_stream import EventStreamEndpoint
from server.export_download import ExportDownloadEndpoint
from server.http.http_connection import HttpConnectionLimiter, HttpRunner, HttpSite
from server.http.listener_tls import ListenerTls, listener_tls
from server.http.rate_limiter import RateLimiter
from server.http.request_concurrency import REQUEST_CONCURRENCY
from server.http.route import Route
from server.http.trusted_proxies import TrustedProxies
from server.observability.file_descriptors import FileDescriptors
from server.observability.health import Health, check_sends
from server.observability.http_metrics import HttpMetrics
from server.observability.metric_sources import HttpMetricSources
from server.observability.metrics import create_metrics_registry
from server.operator_services import OperatorServices
from server.ops.access import OperatorAccess
from server.ops.endpoints import OperatorEndpoints
from server.ops.overview import Overview
from server.ops.samples import SampleRing
from server.shutdown import ShutdownSteps
from server.web_client import WebClient
from server.websocket.connection_manager import ConnectionManager
from server.websocket.endpoint import WebSocketEndpoint
from storage.embedded import StoreUrls

_log = logging.getLogger("convene")
LISTEN_BACKLOG = 256
"""Connections that wait to be accepted. The loop accepts all of them in one tick (libuv), 10 ms of work. The
client's kernel tries again for those beyond it.
"""
DRAIN_RECONNECTS_PER_S = 400
"""Reconnects per second that the clients of a stopping instance are asked to spread over."""
VERSION = "0.1.0"


class Instance:
    """A server process. `port` and `management_port` are the bound ports, also where 0 was configured."""

    def __init__(self, settings: Settings, urls: StoreUrls) -> None:
        self._settings = settings
        self._urls = urls
        self._instance_id = uuid.uuid4().hex[:12]
        self._shutdown = ShutdownSteps()
        self._tls: ListenerTls | None = None
        self.port = settings.server.port
        self.management_port = settings.server.management_port

    async def start(self) -> None:
        """Open the stores, create the components, and listen.

        Raises:
            StorageError: a store cannot be reached, or a database cannot be migrated.
            TracingUnavailable: tracing is configured, but its packages are not installed.
            OSError: the port cannot be bound.
            InvalidCertificate: TLS is configured and cannot be used.
        """
        settings, limits = self._settings, self._settings.limits
        self._tls = listener_tls(settings.server)
        components = await create_components(settings, self._urls, self._instance_id, self._shutdown)
        core, services = components.core, components.services
        services.start()
        components.pruning_job.start()
        components.notification_mail_job.start()
        components.data_exporter.start()
        components.moderation.backlog_monitor.start()
        connections = ConnectionManager(
            core.session_dependencies, core.run_queue, core.timer_wheel, core.flusher, limits
        )
        loop_lag = LoopLag(asyncio.get_running_loop())
        self._shutdown.add_sync("loop lag", loop_lag.close)
        file_descriptors = FileDescriptors(core.timer_wheel)
        self._shutdown.add_sync("file descriptors", file_descriptors.close)
        routes = create_routes(components)
        rates = RateLimiter(limits, settings.server)
        proxies = TrustedProxies(settings.server.trusted_proxies, settings.server.proxy_networks)
        http_metrics = HttpMetrics()
        limiter = HttpConnectionLimiter(core.timer_wheel, limits, settings.server.trusted_proxies)
        app = create_application(
            routes,
            components.authenticator,
            rates,
            core.timer_wheel,
            limits,
            settings.server,
            http_metrics,
            components.idempotent_responses,
        )
        sources = create_metric_sources(
            components,
            connections,
            loop_lag,
            file_descriptors,
            HttpMetricSources(http_metrics, limiter, app[REQUEST_CONCURRENCY]),
            VERSION,
        )
        metrics = create_metrics_registry(sources)
        health = Health(
            {
                **store_checks(components.stores),
                "domain_events": services.readers.check,
                "sends": check_sends(core.unanswered_commands.statistics),
            },
            metrics,
        )
        samples = SampleRing(sources, core.timer_wheel)
        overview = Overview(self._instance_id, sources, metrics, health, samples)
        core.local_answers.set_overview_callback(overview.read)
        stream = EventStreamEndpoint(components.authenticator, core.session_dependencies, rates, proxies)
        websocket = WebSocketEndpoint(
            connections,
            components.authenticator,
            settings.server.cors_origins,
            rates,
            proxies,
        )
        download = ExportDownloadEndpoint(
            components.data_exports, rates, proxies, limits.write_timeout_ms / 1000
        )
        app.router.add_get("/v1/exports/{token}", download.handle)
        app.router.add_get("/v1/stream", stream.handle, allow_head=False)
        app.router.add_get("/v1/ws", websocket.handle, allow_head=False)
        _add_pages(app, routes, settings, health)
        if settings.server.management_port is not None:
            samples.start()
            self._shutdown.add_sync("samples", samples.close)
        operators = self._operator_endpoints(components, overview)
        await self._listen(app, health, operators, connections, stream, limiter)

    def reload_certificate(self) -> None:
        """Use the certificate that is in the files now, for new connections. Nothing is closed.

        Raises:
            InvalidCertificate: it cannot be used; the former one stays.
        """
        if self._tls is not None:
            self._tls.reload()

    async def open_operator_services(self) -> OperatorServices:
        """Create the components for an operator command. Nothing listens, and no domain events are read."""
        return create_operator_services(
            await create_components(self._settings, self._urls, self._instance_id, self._shutdown)
        )

    async def stop(self) -> None:
        """Refuse new work, send `goodbye`, finish what is running, and close the stores last."""
        await self._shutdown.run(self._settings.limits.shutdown_ms / 1000)

    async def _listen(
        self,
        app: web.Application,
        health: Health,
        operators: OperatorEndpoints,
        connections: ConnectionManager,
        stream: EventStreamEndpoint,
        limiter: HttpConnectionLimiter,
    ) -> None:
        limits, server = self._settings.limits, self._settings.server
        runner = HttpRunner(app, limiter, limits.http_keepalive_s)
        await runner.setup()
        self._shutdown.add("requests", runner.cleanup)
        if server.management_port is not None:
            await self._listen_for_operators(health, operators, server.management_port)
        site = HttpSite(
            runner,
            server.host,
            server.port,
            backlog=LISTEN_BACKLOG,
            ssl_context=None if self._tls is None else self._tls.context,
            reuse_port=server.reuse_port,
        )
        await site.start()
        self.port = int(runner.addresses[0][1])

        async def drain_connections() -> None:
            health.mark_stopping()
            connections.stop_admitting()
            await site.stop()
            stream.close()
            spread_ms = round(connections.statistics().connections / DRAIN_RECONNECTS_PER_S * 1000) + 100
            await connections.drain(spread_ms, self._settings.limits.shutdown_ms / 2000)

        self._shutdown.add("connections", drain_connections)
        _log.info("listening on %s:%d", server.host, self.port)

    def _operator_endpoints(self, components: ServerComponents, overview: Overview) -> OperatorEndpoints:
        async def find_user(username: str) -> str:
            return (await components.accounts.get_user_by_username(username)).id

        core = components.core
        return OperatorEndpoints(
            OperatorAccess(self._settings.ops.token, self._settings.server.management_host),
            core.operator_channel,
            DeliveryExplainer(
                components.stores.messaging, components.services.block_service, core.operator_channel
            ),
            overview,
            find_user,
        )

    async def _listen_for_operators(self, health: Health, operators: OperatorEndpoints, port: int) -> None:
        app = web.Application(middlewares=[error_middleware])
        app.on_response_prepare.append(add_response_headers)
        app.router.add_get("/healthz", health.healthz)
        app.router.add_get("/readyz", health.readyz)
        app.router.add_get("/metrics", health.metrics)
        app.add_subapp("/ops", operators.create_application())
        runner = web.AppRunner(app, access_log=None, auto_decompress=False)
        await runner.setup()
        self._shutdown.add("management", runner.cleanup)
        host = self._settings.server.management_host
        await web.TCPSite(runner, host, port).start()
        self.management_port = int(runner.addresses[0][1])
        _log.info("metrics on %s:%d", host, self.management_port)


def _add_pages(app: web.Application, routes: Sequence[Route], settings: Settings, health: Health) -> None:
    """Add health checks and metrics, the API documents and the web client to the public port."""
    ApiDocs(routes, VERSION, settings.base_url, settings.limits).add_routes(app.router)
    web_client = WebClient()
    app.router.add_get("/healthz", health.healthz)
    if settings.server.shows_details:
        app.router.add_get("/readyz", health.readyz)
        app.router.add_get("/metrics", health.metrics)
    else:
        app.router.add_get("/readyz", health.readyz_without_details)
    app[NOT_FOUND_PAGE] = web_client.not_found
    app.router.add_get("/", web_client.index)
    app.router.add_get("/web/{name:.+}", web_client.file)
