"""Serves: one instance in this process, or several as child processes that are restarted when they exit."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from config.settings import CONFIG_FILE_VARIABLE, Settings
from server.cli.service_notifications import READY, STOPPING, notify_service_manager
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.store_urls import resolve_store_urls

_log = logging.getLogger("convene")
RESTART_DELAY_S = 1.0
ROOT = Path(__file__).parent.parent.parent


def child_environment(settings: Settings, config: Path | None, urls: StoreUrls, port: int) -> dict[str, str]:
    """Return the environment in which a child loads the settings of this process, on these stores and `port`.

    Options of the command line become variables, because variables override the configuration file.
    """
    service_urls = {
        f"CONVENE_POSTGRES_URL_{service.upper()}": url for service, url in urls.postgres_by_service.items()
    }
    environment = {
        **os.environ,
        **(service_urls or {"CONVENE_POSTGRES_URL": urls.postgres}),
        "CONVENE_MONGO_URL": urls.mongo,
        "CONVENE_REDIS_URL": urls.redis,
        "CONVENE_HOST": settings.server.host,
        "CONVENE_PORT": str(port),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }
    if settings.server.management_port:
        offset = port - settings.server.port
        environment["CONVENE_MANAGEMENT_PORT"] = str(settings.server.management_port + offset)
    if config is not None:
        environment[CONFIG_FILE_VARIABLE] = str(config.resolve())
    return environment


async def serve(settings: Settings, config: Path | None, instances: int) -> None:
    """Serve until SIGTERM or SIGINT. With several instances each is a process, on ports P, P+1, ..."""
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    async with resolve_store_urls(settings.stores) as urls:
        if instances > 1:
            ports = range(settings.server.port, settings.server.port + instances)
            environments = [child_environment(settings, config, urls, port) for port in ports]
            await asyncio.gather(*(supervise_instance(environment, stopping) for environment in environments))
            return
        instance = Instance(settings, urls)
        try:
            await instance.start()
            # Objects made at start live as long as the process: keep them out of later collections.
            gc.collect()
            gc.freeze()
            notify_service_manager(READY)
            await stopping.wait()
            notify_service_manager(STOPPING)
        finally:
            await instance.stop()


async def supervise_instance(environment: Mapping[str, str], stopping: asyncio.Event) -> None:
    """Run one instance as a child process and restart it when it exits, until `stopping` is set."""
    stopped = asyncio.ensure_future(stopping.wait())
    while not stopping.is_set():
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "server.cli", env=dict(environment), start_new_session=True
        )
        exited = asyncio.ensure_future(child.wait())
        await asyncio.wait([exited, stopped], return_when=asyncio.FIRST_COMPLETED)
        if not exited.done():
            child.send_signal(signal.SIGTERM)
            await exited
        elif not stopping.is_set():
            _log.error(
                "instance on port %s exited with status %s", environment["CONVENE_PORT"], child.returncode
            )
            await asyncio.wait([stopped], timeout=RESTART_DELAY_S)
