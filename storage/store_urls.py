"""The stores that an operator names, or embedded ones where none is named. Never mixes the two."""

import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from config.settings import StoreSettings
from storage.embedded import EmbeddedStores, StoresUnavailable, StoreUrls

_log = logging.getLogger("convene")
INFO_REPORTS = {"started", "joined the running server"}
"""What embedded stores report when all is well; everything else is a warning."""


@contextlib.asynccontextmanager
async def resolve_store_urls(settings: StoreSettings) -> AsyncIterator[StoreUrls]:
    """The stores that the settings name, or embedded ones for as long as this lasts."""
    postgres = settings.postgres_url or settings.postgres_url_users
    if postgres and settings.mongo_url and settings.redis_url:
        yield StoreUrls(postgres=postgres, mongo=settings.mongo_url, redis=settings.redis_url)
        return
    if postgres or settings.mongo_url or settings.redis_url:
        raise StoresUnavailable(
            "Set all of CONVENE_POSTGRES_URL, CONVENE_MONGO_URL and CONVENE_REDIS_URL, or none of them."
        )
    temporary = settings.ephemeral
    folder = Path(tempfile.mkdtemp(prefix="convene-")) if temporary else Path(settings.data_dir)

    def report(store: str, what: str) -> None:
        level = logging.INFO if what in INFO_REPORTS else logging.WARNING
        _log.log(level, "%s: %s", store, what)

    async with EmbeddedStores(folder, keep=not temporary, report=report) as urls:
        yield urls
