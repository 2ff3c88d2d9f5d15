"""Child processes of `--instances N` and `--workers N` get every setting of their parent."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
import pytest

from config.settings import ServerSettings, Settings, StoreSettings, load_settings
from server.cli.child_listeners import (
    WorkersUnsupported,
    instance_listeners,
    reserved_port,
    worker_listeners,
)
from server.cli.serve import child_environment, serve, serve_instances
from storage.embedded import StoresUnavailable, StoreUrls
from tests.certificates import CertificateFiles

URLS = StoreUrls(
    postgres="postgresql://u@localhost/postgres", mongo="mongodb://localhost/", redis="redis://localhost"
)

CONFIG = """
[server]
host = "0.0.0.0"
port = 9000
trusted_proxies = 2
requests_per_s = 7
cors_origins = ["https://example.org"]
management_host = "::1"
management_port = 9500
tls_cert = "cert.pem"
tls_key = "key.pem"

[limits]
messages_per_s = 5
head_announce_delays_s = [1.0, 2.0]

[mail]
host = "mail.example.org"
sender = "convene@example.org"
base_url = "https://example.org"

[privacy]
groups = "nobody"

[log]
format = "json"
level = "WARNING"
"""


@pytest.mark.parametrize("shares_port", [False, True])
def test_children_load_the_settings_of_their_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shares_port: bool
) -> None:
    """The file, the variables and the options reach a child; only the ports and the store URLs differ."""
    config = tmp_path / "own.toml"
    config.write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVENE_LIMITS_LOGINS_PER_S", "3")
    parent = load_settings(config, {"CONVENE_LIMITS_LOGINS_PER_S": "3", "CONVENE_HOST": "127.0.0.1"})
    listeners = (
        worker_listeners(parent.server, 9000, 3) if shares_port else instance_listeners(parent.server, 3)
    )

    children = [
        load_settings(None, child_environment(Path("own.toml"), URLS, listener)) for listener in listeners
    ]

    for number, child in enumerate(children):
        assert child.stores.postgres_url == URLS.postgres
        assert child.stores.postgres_url_users is None
        assert child.server == msgspec.structs.replace(
            parent.server,
            port=9000 if shares_port else 9000 + number,
            management_port=9500 + number,
            reuse_port=shares_port,
        )
        for section in msgspec.structs.fields(type(parent)):
            if section.name not in {"server", "stores"}:
                assert getattr(child, section.name) == getattr(parent, section.name)


def test_children_read_secret_files_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL from a file is not repeated in the environment, where it would be an error."""
    secret = tmp_path / "mongo"
    secret.write_text("mongodb://u:hunter2@localhost/\n")
    monkeypatch.setenv("CONVENE_MONGO_URL_FILE", str(secret))
    urls = msgspec.structs.replace(URLS, mongo="mongodb://u:hunter2@localhost/")

    environment = child_environment(None, urls, ServerSettings())

    assert not any("hunter2" in value for value in environment.values())
    assert load_settings(None, environment).stores.mongo_url == urls.mongo


def test_children_do_not_get_the_administrator() -> None:
    """Where the services have roles of their own."""
    urls = msgspec.structs.replace(
        URLS, postgres_by_service={"users": "postgresql://convene_users:secret@localhost/convene_users"}
    )
    environment = child_environment(None, urls, ServerSettings())
    assert environment["CONVENE_POSTGRES_URL_USERS"] == urls.postgres_by_service["users"]
    assert URLS.postgres not in environment.values()


@pytest.mark.parametrize(
    ("port", "configured", "expected"),
    [
        (8080, None, [9080, 9081]),
        (8080, 9100, [9100, 9101]),
        (8080, 0, [0, 0]),
        (65_000, None, [64_000, 64_001]),
    ],
)
def test_each_worker_has_a_management_port(port: int, configured: int | None, expected: list[int]) -> None:
    """Also without a configured one: a request to the shared port reaches any worker."""
    listeners = worker_listeners(ServerSettings(management_port=configured), port, 2)
    assert [listener.management_port for listener in listeners] == expected
    assert not any(listener.shows_details for listener in listeners)


def test_each_instance_has_a_port() -> None:
    """The next ones, or a free one for each: 1 and 2 do not follow 0."""
    following = instance_listeners(ServerSettings(port=8080, management_port=9090), 2)
    assert [(one.port, one.management_port) for one in following] == [(8080, 9090), (8081, 9091)]
    free = instance_listeners(ServerSettings(port=0, management_port=0), 3)
    assert [(one.port, one.management_port) for one in free] == [(0, 0)] * 3


def test_workers_do_not_share_the_port_of_another_server() -> None:
    """Not even one that allows it: its connections would be spread over both."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with (
            pytest.raises(OSError, match="in use"),
            reserved_port(ServerSettings(port=other.getsockname()[1])),
        ):
            pass


def test_reserved_port_takes_no_connections() -> None:
    """It is held for the workers, and refuses connections while none listens."""
    with reserved_port(ServerSettings(port=0)) as port:
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0
        with socket.socket() as worker:
            worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            worker.bind(("127.0.0.1", port))
            worker.listen()
            for _ in range(20):
                socket.create_connection(("127.0.0.1", port)).close()


def test_workers_are_refused_where_connections_are_not_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one sentence that says what to do instead."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(WorkersUnsupported, match="use --instances"), reserved_port(ServerSettings()):
        pass


@pytest.mark.parametrize(
    "start", [partial(serve, supervised=False), partial(serve_instances, config=None, count=2)]
)
async def test_sighup_does_not_end_a_server_whose_stores_are_starting(
    monkeypatch: pytest.MonkeyPatch,
    certificate: CertificateFiles,
    start: Callable[[Settings], Awaitable[None]],
) -> None:
    """Neither one instance nor the parent of several; the certificate is read later."""
    handlers: list[object] = []

    @asynccontextmanager
    async def fail_to_start(_settings: StoreSettings) -> AsyncIterator[StoreUrls]:
        handlers.append(signal.getsignal(signal.SIGHUP))
        raise StoresUnavailable("no store")
        yield URLS

    monkeypatch.setattr("server.cli.serve.resolve_store_urls", fail_to_start)
    try:
        with pytest.raises(StoresUnavailable):
            await start(Settings(server=certificate.server_settings()))
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)
    (handler,) = handlers
    assert handler is not signal.SIG_DFL
