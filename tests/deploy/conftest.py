"""Fixtures for what is in `deploy/`: the tools that check it, and two instances behind a proxy.

A test whose tool is not installed is skipped; with CONVENE_TEST_DEPLOY=1 it fails.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.deploy.proxy_process import ProxyProcess
from tests.end_to_end.conftest import server_stores
from tests.end_to_end.server_process import ServerProcess, ServerStores, free_port

__all__ = ["server_stores"]

DEPLOY = Path(__file__).parents[2] / "deploy"
ADMIN_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where distributions install servers; not in every user's PATH."""

FindTool = Callable[[str], str]
Pair = tuple[ServerProcess, ServerProcess]

VARIABLES = {
    "CONVENE_TRUSTED_PROXIES": "1",
    "CONVENE_PROXY_NETWORKS": "127.0.0.0/8",
    "CONVENE_LIMITS_LOGINS_PER_S": "0.01",
    "CONVENE_LIMITS_LOGINS_BURST": "5",
}


@pytest.fixture
def find_tool() -> FindTool:
    """Return a function that returns the path of a program, and skips the test where there is none."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{ADMIN_FOLDERS}")
        if found is None:
            missing = f"{name} is not installed"
            if os.environ.get("CONVENE_TEST_DEPLOY") == "1":
                pytest.fail(missing)
            pytest.skip(missing)
        return found

    return find


@pytest.fixture
async def instances(server_stores: ServerStores, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two instances that trust one proxy on this machine."""
    first, second = (
        ServerProcess(server_stores, tmp_path / f"{name}.log", port=free_port(), variables=VARIABLES)
        for name in ("first", "second")
    )
    try:
        await asyncio.gather(first.start(), second.start())
        yield first, second
    finally:
        first.close()
        second.close()


@pytest.fixture
async def nginx(find_tool: FindTool, instances: Pair, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    """Debian's nginx with the files of `deploy/nginx` in front of the two instances."""
    proxy = ProxyProcess.nginx(find_tool("nginx"), DEPLOY / "nginx", tmp_path / "nginx", instances)
    await proxy.start()
    yield proxy
    proxy.close()


@pytest.fixture
async def caddy(find_tool: FindTool, instances: Pair, tmp_path: Path) -> AsyncIterator[ProxyProcess]:
    """Caddy with the file of `deploy/caddy` in front of the two instances."""
    proxy = ProxyProcess.caddy(find_tool("caddy"), DEPLOY / "caddy", tmp_path / "caddy", instances)
    await proxy.start()
    yield proxy
    proxy.close()
