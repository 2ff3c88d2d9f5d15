"""Where a Redis server is reached, read from a URL as redis-py takes it: redis://, rediss:// or unix://.

Holds a password, so its text form hides everything; it is never written to a log.
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
        return "Address(<hidden>)"


def parse_address(url: str) -> RedisAddress:
    """Take a URL apart. Raises `ValueError` when it is no such one; the text does not repeat it."""
    try:
        parts: dict[str, Any] = dict(parse_url(url))
        return RedisAddress(
            path=parts.get("path"),
            host=parts.get("host", "localhost"),
            port=int(parts.get("port", 6379)),
            username=parts.get("username"),
            password=parts.get("password"),
            database=int(parts.get("db", 0)),
            use_tls=parts.get("connection_class") is SSLConnection,
            ca_file=parts.get("ssl_ca_certs"),
            verify_certificate=parts.get("ssl_cert_reqs", "required") != "none",
        )
    except (ValueError, TypeError):
        raise ValueError("the Redis URL must be redis://, rediss:// or unix://") from None


async def connect(address: RedisAddress, protocol_factory: Callable[[], ProtocolT]) -> ProtocolT:
    """Connect. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    if address.path is not None:
        _, spoken = await loop.create_unix_connection(protocol_factory, address.path)
    else:
        context = _ssl_context(address) if address.use_tls else None
        _, spoken = await loop.create_connection(protocol_factory, address.host, address.port, ssl=context)
    return spoken


def _ssl_context(address: RedisAddress) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca_file)
    if not address.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
