"""A complete server in the caller's event loop, on the given stores."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web_app

from config.limits import Limits
from config.settings import (
    MailSettings,
    PrivacyDefaults,
    RegistrationSettings,
    ServerSettings,
    Settings,
)
from server.instance import Instance
from storage.embedded import StoreUrls


@contextlib.asynccontextmanager
async def running_instance(
    stores: StoreUrls,
    privacy: PrivacyDefaults | None = None,
    server: ServerSettings | None = None,
    registration: RegistrationSettings | None = None,
    mail: MailSettings | None = None,
    **limits: Any,
) -> AsyncIterator[Instance]:
    """Run a server, on a free port by default; further keyword arguments are fields of `Limits`."""
    settings = Settings(
        server=server or ServerSettings(port=0, requests_per_s=10_000, requests_burst=10_000),
        limits=msgspec.structs.replace(Limits(), **limits),
        privacy=privacy or PrivacyDefaults(),
        registration=registration or RegistrationSettings(),
        mail=mail or MailSettings(),
    )
    instance = Instance(settings, stores)
    try:
        await instance.start()
        yield instance
    finally:
        await instance.stop()
        # aiohttp caches the middlewares of the last thousand handlers, which keep their applications alive.
        web_app._cached_build_middleware.cache_clear()
