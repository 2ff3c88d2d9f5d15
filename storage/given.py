"""The stores that an operator names, or embedded ones where none is named. Never mixes the two."""

import contextlib
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from config.settings import StoreSettings
from storage.embedded import EmbeddedStores, StoresUnavailable, StoreUrls

_log = logging.getLogger("convene")
EXPECTED = {"started", "joined the running server"}
"""What embedded stores report when all is well; everything else is a warning."""


@contextlib.asynccontextmanager
async def given_stores(named: StoreSettings) -> AsyncIterator[StoreUrls]:
    """The stores that the settings name, or embedded ones for as long as this lasts."""
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
