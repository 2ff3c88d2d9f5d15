"""Serves: one instance in this process, or several as child processes that are restarted when they exit."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from config.settings import CONFIG_FILE_VARIABLE, ServerSettings, Settings
from config.settings_layers import FILE_SUFFIX
from server.cli.child_listeners import instance_listeners, reserved_port, worker_listeners
from server.cli.service_notifications import READY, STOPPING, notify_service_manager
from server.cli.supervisor import Supervisor
from server.garbage_collection import GarbageCollection
from server.http.listener_tls import InvalidCertificate, listener_tls
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.mail.mailer_factory import warn_without_mail
from storage.store_urls import resolve_store_urls

_log = logging.getLogger("convene")
ROOT: Final = Path(__file__).parent.parent.parent


async def serve(settings: Settings, *, supervised: bool) -> None:
    """Serve with one instance, in this process, until SIGTERM or SIGINT. SIGHUP reloads the certificate.

    A `supervised` instance also reloads it on input from its supervisor, and stops at the end of that input,
    because then the supervisor has died.

    Raises:
        InvalidCertificate: TLS is configured and cannot be used.
    """
    stopping = _handle_signals(settings.server)
    listener_tls(settings.server)  # before stores are started
    async with resolve_store_urls(settings.stores) as urls:
        instance, garbage_collection = Instance(settings, urls), GarbageCollection()
        _on_hangup(settings.server, lambda: _reload(instance))
        if supervised:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _on_input, instance, stopping)
        try:
            await instance.start()
            garbage_collection.start()
            warn_without_mail(settings.mail, settings.log)
            notify_service_manager(READY)
            await stopping.wait()
            notify_service_manager(STOPPING)
        finally:
            garbage_collection.close()
            await instance.stop()


async def serve_instances(settings: Settings, config: Path | None, count: int) -> None:
    """Serve with several processes on ports P, P+1, ... until SIGTERM or SIGINT."""
    await _supervise(settings, config, instance_listeners(settings.server, count))


async def serve_workers(settings: Settings, config: Path | None, count: int) -> None:
    """Serve with several processes that listen on one port, until SIGTERM or SIGINT.

    Raises:
        WorkersUnsupported: this system does not spread connections over the listeners of one port.
        OSError: the port is in use.
    """
    with reserved_port(settings.server) as port:
        await _supervise(settings, config, worker_listeners(settings.server, port, count))


def child_environment(config: Path | None, urls: StoreUrls, listener: ServerSettings) -> dict[str, str]:
    """Return the environment in which a child loads the settings of this process, on these stores and ports.

    Options of the command line become variables, because variables override the configuration file. A store
    whose URL is in a file is read from it by the child too.
    """
    service_urls = {
        f"CONVENE_POSTGRES_URL_{service.upper()}": url for service, url in urls.postgres_by_service.items()
    }
    stores: Mapping[str, str] = {
        **(service_urls or {"CONVENE_POSTGRES_URL": urls.postgres}),
        "CONVENE_MONGO_URL": urls.mongo,
        "CONVENE_REDIS_URL": urls.redis,
    }
    environment = {
        **os.environ,
        **{name: url for name, url in stores.items() if name + FILE_SUFFIX not in os.environ},
        "CONVENE_HOST": listener.host,
        "CONVENE_PORT": str(listener.port),
        "CONVENE_REUSE_PORT": str(listener.reuse_port).lower(),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    if listener.management_port is not None:
        environment["CONVENE_MANAGEMENT_PORT"] = str(listener.management_port)
    if config is not None:
        environment[CONFIG_FILE_VARIABLE] = str(config.resolve())
    return environment


async def _supervise(settings: Settings, config: Path | None, listeners: list[ServerSettings]) -> None:
    stopping = _handle_signals(settings.server)
    listener_tls(settings.server)  # one error, instead of children that cannot start
    async with resolve_store_urls(settings.stores) as urls:
        environments = [child_environment(config, urls, listener) for listener in listeners]
        supervisor = Supervisor(environments, stopping)
        _on_hangup(settings.server, supervisor.reload)
        await supervisor.run()


def _handle_signals(server: ServerSettings) -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set.

    With a certificate SIGHUP has no effect yet: instances read its files after their stores have started.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    _on_hangup(server, lambda: None)
    return stopping


def _on_hangup(server: ServerSettings, reload: Callable[[], None]) -> None:
    """Reload on SIGHUP where there is a certificate; otherwise the signal ends the process as usual."""
    if server.tls_cert is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)


def _reload(instance: Instance) -> None:
    try:
        instance.reload_certificate()
    except InvalidCertificate as error:
        _log.error("the TLS certificate is not reloaded, the former one stays", extra={"reason": str(error)})
    else:
        _log.info("TLS certificate reloaded")


def _on_input(instance: Instance, stopping: asyncio.Event) -> None:
    descriptor = sys.stdin.fileno()
    if os.read(descriptor, 1024):
        _reload(instance)
        return
    asyncio.get_running_loop().remove_reader(descriptor)
    stopping.set()
