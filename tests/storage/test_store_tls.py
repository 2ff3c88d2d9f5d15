"""TLS to the stores, by options of their URLs."""

import asyncio
import contextlib
import gc
import secrets
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from storage.embedded import StoreUrls
from storage.errors import InvalidStoreUrl, Unavailable
from storage.mongo.client import connect
from storage.mongo.messaging import MongoMessaging
from storage.postgres.database import Database
from storage.postgres.migrations import create_database
from storage.postgres.pool import PoolLimits
from storage.redis.redis_address import parse_address
from storage.redis.timelines import RedisTimelines
from tests.certificates import CertificateFiles
from tests.until import until

# asyncio leaves the transports of a refused handshake to the collector (Python 3.11).
pytestmark = pytest.mark.filterwarnings("ignore:unclosed transport:ResourceWarning")
HANDSHAKE_TIMEOUT_S = 10.0
POSTGRES_SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """Collects what refused handshakes left, so that no test of another module is blamed for it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def connection_count(server: asyncio.Server) -> int:
    """Return the number of transports that the server accepted and has not closed."""
    count: int | None = getattr(server, "_active_count", None)
    return len(server._clients) if count is None else count  # type: ignore[attr-defined]


class TlsServer:
    """Terminates TLS in front of a store, as its own TLS would; counts connections whose handshake succeeded.

    PostgreSQL asks for TLS in clear first.
    """

    def __init__(self, url: str, context: ssl.SSLContext) -> None:
        self._upstream = urlsplit(url)
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.encrypted = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator["TlsServer"]:
        starts_encrypted = not self._upstream.scheme.startswith("postgres")
        server = await asyncio.start_server(
            self._accept,
            "127.0.0.1",
            0,
            ssl=self._context if starts_encrypted else None,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S if starts_encrypted else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            # A task that is cancelled before its first step runs none of its code.
            for writer in self._writers:
                writer.transport.abort()
            # Drivers connect again in the background: a handshake may be in progress, without a writer yet.
            await until(lambda: not connection_count(server), 30)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if writer.get_extra_info("ssl_object") is None:
                if await reader.readexactly(8) != POSTGRES_SSL_REQUEST:
                    return
                writer.write(b"S")
                await writer.start_tls(self._context)
            self.encrypted += 1
            await self._forward(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client did not like the certificate, or went away
        finally:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url = self._upstream
        folder = parse_qs(url.query).get("host")
        if folder or url.scheme == "unix":
            path = f"{folder[0]}/.s.PGSQL.5432" if folder else unquote(url.path)
            upstream_reader, upstream_writer = await asyncio.open_unix_connection(path)
        else:
            upstream_reader, upstream_writer = await asyncio.open_connection(url.hostname, url.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, upstream_writer))
                group.create_task(_copy(upstream_reader, writer))
        finally:
            upstream_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


@pytest.fixture
def other_certificate(tmp_path: Path) -> CertificateFiles:
    """One that nobody trusts."""
    folder = tmp_path / "other"
    folder.mkdir()
    return CertificateFiles(folder)


async def use_redis(url: str) -> None:
    timelines = await RedisTimelines.open(url)
    await timelines.close()


async def use_mongo(url: str) -> None:
    messaging = await MongoMessaging.open(url, "convene_tls")
    await asyncio.to_thread(messaging.close)


async def use_postgres(url: str) -> None:
    # Its own database: those of the services belong to their roles.
    own = await create_database(url, f"tls{secrets.token_hex(4)}")
    database = await Database.open(own, "users", PoolLimits())
    await database.locks.release_all()
    await database.pool.close()


def tls_url(store: str, stores: StoreUrls, port: int, certificate: CertificateFiles) -> str:
    """The URL of a store behind TLS on a port, verified with a certificate."""
    trusted = certificate.certificate
    if store == "redis":
        return f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={trusted}"
    own = urlsplit(getattr(stores, store))
    account = f"{own.netloc.rpartition('@')[0]}@" if "@" in own.netloc else ""
    if store == "mongo":
        options = "&".join(filter(None, (own.query, "tls=true", f"tlsCAFile={trusted}")))
        return f"mongodb://{account}127.0.0.1:{port}{own.path or '/'}?{options}"
    return f"postgresql://{account}127.0.0.1:{port}{own.path}?sslmode=verify-full&sslrootcert={trusted}"


USE = {"redis": use_redis, "mongo": use_mongo, "postgres": use_postgres}


@pytest.mark.parametrize("store", list(USE))
async def test_store_is_used_over_tls(store: str, stores: StoreUrls, certificate: CertificateFiles) -> None:
    """With a certificate that the URL trusts every connection is encrypted."""
    server = TlsServer(getattr(stores, store), certificate.server_context())
    async with server.listening():
        await USE[store](tls_url(store, stores, server.port, certificate))
    assert server.encrypted > 0


@pytest.mark.parametrize("store", list(USE))
async def test_unknown_certificate_is_refused(
    store: str, stores: StoreUrls, certificate: CertificateFiles, other_certificate: CertificateFiles
) -> None:
    """Nothing is sent to a server whose certificate is not trusted."""
    server = TlsServer(getattr(stores, store), other_certificate.server_context())
    async with server.listening():
        with pytest.raises(Unavailable):
            await USE[store](tls_url(store, stores, server.port, certificate))
    assert server.encrypted == 0


def test_redis_url_has_a_certificate_of_the_client() -> None:
    """And may leave the host name, or everything, unverified."""
    address = parse_address("rediss://h?ssl_certfile=/c&ssl_keyfile=/k&ssl_check_hostname=false")
    assert (address.client_certificate, address.client_key) == ("/c", "/k")
    assert (address.verify_certificate, address.verify_host) == (True, False)
    assert parse_address("rediss://h").verify_host
    assert not parse_address("rediss://h?ssl_cert_reqs=none").verify_certificate


@pytest.mark.parametrize(
    "url",
    [
        "rediss://:hunter2@h?ssl_ca_file=/x",
        "rediss://:hunter2@h?ssl_cert_reqs=optional",
        "redis://:hunter2@h?ssl_ca_certs=/x",
        "http://:hunter2@h",
        "redis://:hunter2@h:port",
    ],
)
def test_options_that_would_be_ignored_are_refused(url: str) -> None:
    """A typing error must not mean less security. Nothing is quoted."""
    with pytest.raises(InvalidStoreUrl) as raised:
        parse_address(url)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    "option", ["tls=perhaps", "tls=true&tlsCAFile=/no/such/file", "tlsCAFile=/x&tls=false"]
)
def test_unusable_mongodb_options_are_reported(option: str) -> None:
    """Without quoting the URL."""
    with pytest.raises(InvalidStoreUrl) as raised:
        connect(f"mongodb://u:hunter2@h/?{option}")
    assert "hunter2" not in str(raised.value)
