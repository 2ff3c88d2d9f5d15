"""The address of a Redis server, parsed from a redis://, rediss:// or unix:// URL in redis-py's syntax.

It contains a password, so its `repr` shows nothing.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from redis.asyncio.connection import SSLConnection, parse_url

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
    verify_certificate: bool = True

    def __repr__(self) -> str:
        return "RedisAddress(<hidden>)"

    @property
    def store_name(self) -> str:
        """Name of the server in logs and metrics, without credentials."""
        return f"redis {self.path or f'{self.host}:{self.port}'}"


def parse_address(url: str) -> RedisAddress:
    """Parse a URL. Raises `ValueError`, without the URL in its text."""
    try:
        options: dict[str, Any] = dict(parse_url(url))
        return RedisAddress(
            path=options.get("path"),
            host=options.get("host", "localhost"),
            port=int(options.get("port", 6379)),
            username=options.get("username"),
            password=options.get("password"),
            database=int(options.get("db", 0)),
            use_tls=options.get("connection_class") is SSLConnection,
            ca_file=options.get("ssl_ca_certs"),
            verify_certificate=options.get("ssl_cert_reqs", "required") != "none",
        )
    except (ValueError, TypeError):
        raise ValueError("The Redis URL must start with redis://, rediss:// or unix://.") from None


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
    if not address.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
