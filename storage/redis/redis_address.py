"""The address of a Redis server, parsed from a redis://, rediss:// or unix:// URL in redis-py's syntax.

It contains a password, so its `repr` shows nothing. TLS (`rediss://`) verifies certificate and host name; the
options of `TLS_OPTIONS` change that, and add a certificate of the client.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec
from redis.asyncio.connection import SSLConnection, parse_url

from storage.errors import InvalidStoreUrl

TLS_OPTIONS: Final = frozenset(
    {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname", "ssl_cert_reqs"}
)
ProtocolT = TypeVar("ProtocolT", bound=asyncio.BaseProtocol)


class RedisAddress(msgspec.Struct, frozen=True):
    path: str | None
    host: str
    port: int
    username: str | None
    password: str | None
    database: int
    use_tls: bool
    ca_file: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    verify_certificate: bool = True
    verify_host: bool = True

    def __repr__(self) -> str:
        return "RedisAddress(<hidden>)"

    @property
    def store_name(self) -> str:
        """Name of the server in logs and metrics, without credentials."""
        return f"redis {self.path or f'{self.host}:{self.port}'}"


def parse_address(url: str) -> RedisAddress:
    """Parse a URL. Raises `InvalidStoreUrl`."""
    try:
        options: dict[str, Any] = dict(parse_url(url))
        address = RedisAddress(
            path=options.get("path"),
            host=options.get("host", "localhost"),
            port=int(options.get("port", 6379)),
            username=options.get("username"),
            password=options.get("password"),
            database=int(options.get("db", 0)),
            use_tls=options.get("connection_class") is SSLConnection,
            ca_file=options.get("ssl_ca_certs"),
            client_certificate=options.get("ssl_certfile"),
            client_key=options.get("ssl_keyfile"),
            verify_certificate=options.get("ssl_cert_reqs", "required") != "none",
            verify_host=options.get("ssl_check_hostname", True) is not False,
        )
    except (ValueError, TypeError):
        raise InvalidStoreUrl("The Redis URL must start with redis://, rediss:// or unix://.") from None
    _check_tls_options(options, address)
    return address


def _check_tls_options(options: dict[str, Any], address: RedisAddress) -> None:
    """Refuse options that would be ignored: a URL that asks for TLS must get all of it."""
    unknown = sorted(name for name in options if name.startswith("ssl") and name not in TLS_OPTIONS)
    if unknown:
        raise InvalidStoreUrl(
            f"Unknown option in the Redis URL; those of TLS are {', '.join(sorted(TLS_OPTIONS))}."
        )
    if not address.use_tls and TLS_OPTIONS & options.keys():
        raise InvalidStoreUrl("The Redis URL has options of TLS, which need rediss://.")
    if options.get("ssl_cert_reqs", "required") not in {"required", "none"}:
        raise InvalidStoreUrl("ssl_cert_reqs in the Redis URL must be required or none.")


async def connect(address: RedisAddress, protocol_factory: Callable[[], ProtocolT]) -> ProtocolT:
    """Connect. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    if address.path is not None:
        _, protocol = await loop.create_unix_connection(protocol_factory, address.path)
    else:
        context = _ssl_context(address) if address.use_tls else None
        _, protocol = await loop.create_connection(protocol_factory, address.host, address.port, ssl=context)
    return protocol


def _ssl_context(address: RedisAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca_file)
    if address.client_certificate is not None:
        context.load_cert_chain(address.client_certificate, address.client_key, password="")
    context.check_hostname = address.verify_host and address.verify_certificate
    if not address.verify_certificate:
        context.verify_mode = ssl.CERT_NONE
    return context
