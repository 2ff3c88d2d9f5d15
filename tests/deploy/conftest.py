"""Fixtures for what is in `deploy/`: the tools that check it, and two instances behind a proxy."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import STORES_START_S, LoopThread
from tests.deploy.proxy_process import ProxyProcess
from tests.end_to_end.conftest import server_stores
from tests.end_to_end.server_process import ServerProcess, ServerStores, free_port
from tests.programs import find_program

__all__ = ["server_stores"]

DEPLOY = Path(__file__).parents[2] / "deploy"
FindTool = Callable[[str], str]
Pair = tuple[ServerProcess, ServerProcess]

VARIABLES = {
    "CONVENE_TRUSTED_PROXIES": "1",
    "CONVENE_PROXY_NETWORKS": "127.0.0.0/8",
    "CONVENE_LIMITS_LOGINS_PER_S": "1",
    "CONVENE_LIMITS_LOGINS_BURST": "5",
}


class ProxiedServer(ServerProcess):
    """An instance that trusts one proxy on this machine."""

    def __init__(self, stores: ServerStores, log: Path, port: int) -> None:
        super().__init__(stores, log, port=port)
        self._environment.update(VARIABLES)


@pytest.fixture(scope="session")
def find_tool() -> FindTool:
    """The function `find_program`."""
    return find_program


@pytest.fixture(scope="session")
def instances(
    server_stores: ServerStores, background: LoopThread, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Two instances for all tests. A test that stops one starts it again."""
    folder = tmp_path_factory.mktemp("instances")
    first, second = (
        ProxiedServer(server_stores, folder / f"{name}.log", port=free_port()) for name in ("first", "second")
    )

    async def start() -> None:
        await asyncio.gather(first.start(), second.start())

    try:
        background.run(start(), STORES_START_S)
        yield first, second
    finally:
        first.close()
        second.close()


@pytest.fixture
def nginx(find_tool: FindTool, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProxyProcess]:
    """nginx with the files of `deploy/nginx` in front of the two instances."""
    program = find_tool("nginx")
    instances: Pair = request.getfixturevalue("instances")
    with run(ProxyProcess.nginx(program, DEPLOY / "nginx", tmp_path / "nginx", instances)) as proxy:
        yield proxy


@pytest.fixture
def caddy(find_tool: FindTool, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProxyProcess]:
    """Caddy with the file of `deploy/caddy` in front of the two instances."""
    program = find_tool("caddy")
    instances: Pair = request.getfixturevalue("instances")
    with run(ProxyProcess.caddy(program, DEPLOY / "caddy", tmp_path / "caddy", instances)) as proxy:
        yield proxy


@contextlib.contextmanager
def run(proxy: ProxyProcess) -> Iterator[ProxyProcess]:
    """Run a proxy for one test."""
    try:
        proxy.start()
        yield proxy
    finally:
        proxy.close()
