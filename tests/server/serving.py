"""A whole server in the loop of the caller, on given stores. Never outlives its `with`."""

import contextlib
from collections.abc import AsyncIterator

import msgspec

from config.limits import Limits
from config.settings import ServerSettings, Settings
from run import Instance
from storage.embedded import StoreUrls


@contextlib.asynccontextmanager
async def serving(stores: StoreUrls, **limits: object) -> AsyncIterator[Instance]:
    """A server on a free port; keyword arguments are fields of `Limits`."""
    settings = Settings(
        server=ServerSettings(port=0, requests_per_s=10_000, requests_burst=10_000),
        limits=msgspec.structs.replace(Limits(), **limits),
    )
    instance = Instance(settings, stores)
    try:
        await instance.start()
        yield instance
    finally:
        await instance.stop()
