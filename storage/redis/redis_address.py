"""The address of a Redis server, parsed from a redis://, rediss:// or unix:// URL in redis-py's syntax.

It contains a password, so its `repr` shows nothing. TLS (`rediss://`) verifies certificate and host name; the
options of `TLS_OPTIONS` change that, and add a certificate of the client.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from storage.errors import InvalidStoreUrl

TLS_OPTIONS: Final = frozenset(
    {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname", "ssl_cert_reqs"}
)
FALSE_VALUES: Final = frozenset({"0", "f", "false", "n", "no"})
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
    """Parse a URL, as redis-py does. Raises `InvalidStoreUrl`.

    Importing redis-py for it would take a tenth of the CPU time in which an instance starts.
    """
    try:
        parts = urlsplit(url)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.scheme not in {"redis", "rediss", "unix"}:
            raise ValueError(parts.scheme)
        is_socket = parts.scheme == "unix"
        address = RedisAddress(
            path=(unquote(parts.path) or None) if is_socket else None,
            host=unquote(parts.hostname or "localhost"),
            port=parts.port or 6379,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            database=int(options.get("db") or ("" if is_socket else unquote(parts.path).strip("/")) or 0),
            use_tls=parts.scheme == "rediss",
            ca_file=options.get("ssl_ca_certs"),
            client_certificate=options.get("ssl_certfile"),
            client_key=options.get("ssl_keyfile"),
            verify_certificate=options.get("ssl_cert_reqs", "required") != "none",
            verify_host=options.get("ssl_check_hostname", "true").lower() not in FALSE_VALUES,
        )
    except ValueError:
        raise InvalidStoreUrl(
            "The Redis URL must start with redis://, rediss:// or unix://, and its database is a number."
        ) from None
    _check_tls_options(options, address)
    return address


def _check_tls_options(options: Mapping[str, str], address: RedisAddress) -> None:
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
