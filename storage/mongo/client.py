"""A MongoDB client with the write and read concerns that the stores guarantee.

These override the URL: writes are acknowledged by a majority and journaled, reads are of the primary and of
what a majority has, and operations end after `TIMEOUT_MS`. Driver exceptions are mapped to `Unavailable`.
"""

import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import ReadPreference, WriteConcern
from pymongo.errors import ConfigurationError, InvalidURI, PyMongoError
from pymongo.read_concern import ReadConcern

from storage.errors import InvalidStoreUrl, Unavailable
from storage.mongo.pool_counter import PoolCounter
from storage.outages import get_outage
from storage.store_calls import get_call_histogram

TIMEOUT_MS = 5000
HEARTBEAT_INTERVAL_MS = 1000
POOL_SIZE = 16

Document = dict[str, Any]
_outage = get_outage("messaging")
_call_seconds = get_call_histogram("messaging")


def connect(url: str, pool: PoolCounter | None = None) -> "AsyncIOMotorClient[Document]":
    """Create a client, whose connections `pool` counts; it connects on first use.

    Raises `InvalidStoreUrl`.
    """
    try:
        # The driver only warns of options that it ignores, `tls=yes` among them.
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            return AsyncIOMotorClient(
                url,
                timeoutMS=TIMEOUT_MS,
                heartbeatFrequencyMS=HEARTBEAT_INTERVAL_MS,
                serverSelectionTimeoutMS=TIMEOUT_MS,
                # Also limits monitoring of, and disconnecting from, a server that hangs.
                connectTimeoutMS=TIMEOUT_MS,
                maxPoolSize=POOL_SIZE,
                appname="convene",
                event_listeners=[] if pool is None else [pool],
            )
    except (ConfigurationError, InvalidURI, ValueError, OSError, UserWarning):
        # Without its text, which may quote the URL.
        raise InvalidStoreUrl(
            "The MongoDB URL, or a file that it names, cannot be used. Options of TLS are tls, tlsCAFile, "
            "tlsCertificateKeyFile and tlsAllowInvalidCertificates."
        ) from None


def database(client: "AsyncIOMotorClient[Document]", name: str) -> "AsyncIOMotorDatabase[Document]":
    return client.get_database(
        name,
        codec_options=CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS),
        write_concern=WriteConcern(w="majority", j=True),
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


@asynccontextmanager
async def map_errors() -> AsyncIterator[None]:
    """Map driver exceptions to `Unavailable`, record the outage, and measure the time of the block."""
    started = time.perf_counter()
    try:
        yield
    except PyMongoError as error:
        _outage.failed(type(error).__name__)
        raise Unavailable(f"messaging store: {type(error).__name__}") from error
    finally:
        _call_seconds.observe(time.perf_counter() - started)
    _outage.succeeded()
