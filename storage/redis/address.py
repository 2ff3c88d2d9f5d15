"""Where a Redis server is reached, read from a URL as redis-py takes it: redis://, rediss:// or unix://.

Holds a password, so its text form hides everything; it is never written to a log.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from redis.asyncio.connection import SSLConnection, parse_url

Spoken = TypeVar("Spoken", bound=asyncio.BaseProtocol)


class Address(msgspec.Struct, frozen=True):
    path: str | None
    host: str
    port: int
    username: str | None
    password: str | None
    database: int
    encrypted: bool
    authority_file: str | None = None
    certificate_checked: bool = True

    def __repr__(self) -> str:
        return "Address(<hidden>)"


def read_address(url: str) -> Address:
    """Take a URL apart. Raises `ValueError` when it is no such one; the text does not repeat it."""
    try:
        parts: dict[str, Any] = dict(parse_url(url))
        return Address(
            path=parts.get("path"),
            host=parts.get("host", "localhost"),
            port=int(parts.get("port", 6379)),
            username=parts.get("username"),
            password=parts.get("password"),
            database=int(parts.get("db", 0)),
            encrypted=parts.get("connection_class") is SSLConnection,
            authority_file=parts.get("ssl_ca_certs"),
            certificate_checked=parts.get("ssl_cert_reqs", "required") != "none",
        )
    except (ValueError, TypeError):
        raise ValueError("the Redis URL must be redis://, rediss:// or unix://") from None


async def reach(address: Address, protocol: Callable[[], Spoken]) -> Spoken:
    """Connect. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    if address.path is not None:
        _, spoken = await loop.create_unix_connection(protocol, address.path)
    else:
        context = _context(address) if address.encrypted else None
        _, spoken = await loop.create_connection(protocol, address.host, address.port, ssl=context)
    return spoken


def _context(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.authority_file)
    if not address.certificate_checked:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
