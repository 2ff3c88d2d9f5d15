"""Resolves store URLs: the configured servers, or embedded ones when none is configured."""

import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from config.settings import StoreSettings
from storage.embedded import EmbeddedStores, StoresUnavailable, StoreUrls, find_mongod
from storage.postgres.roles import SERVICES

_log = logging.getLogger("convene")
INFO_REPORTS = {"started", "joined the running server"}
"""Reports of embedded stores that are logged as information; all others are warnings."""


@contextlib.asynccontextmanager
async def resolve_store_urls(settings: StoreSettings) -> AsyncIterator[StoreUrls]:
    """Yield the configured store URLs, or start embedded stores that run until the context exits.

    With the URL of the document store alone, the other two are embedded.

    Raises:
        StoresUnavailable: some URLs are set and others are not, or an embedded store did not start.
    """
    postgres = settings.postgres_url or settings.postgres_url_users
    if postgres and settings.mongo_url and settings.redis_url:
        yield StoreUrls(postgres=postgres, mongo=settings.mongo_url, redis=settings.redis_url)
        return
    of_services = (getattr(settings, f"postgres_url_{service}") for service in SERVICES)
    if postgres or settings.redis_url or any(of_services):
        raise StoresUnavailable(
            "Set all of CONVENE_POSTGRES_URL, CONVENE_MONGO_URL and CONVENE_REDIS_URL, or none of them, or "
            "CONVENE_MONGO_URL alone."
        )
    temporary = settings.ephemeral
    folder = Path(tempfile.mkdtemp(prefix="convene-")) if temporary else Path(settings.data_dir)

    def report(store: str, what: str) -> None:
        level = logging.INFO if what in INFO_REPORTS else logging.WARNING
        _log.log(level, "%s: %s", store, what)

    stores = EmbeddedStores(
        folder,
        keep=not temporary,
        report=report,
        mongo_url=settings.mongo_url,
        mongod=None if settings.mongo_url else find_mongod(settings.mongod),
    )
    async with stores as urls:
        yield urls
