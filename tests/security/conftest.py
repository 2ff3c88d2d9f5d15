"""The fixtures of the server tests, on the event loop of production."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from tests.server.conftest import api, cheap_hashes, instance, people, shared_instance, start_instance

__all__ = ["api", "cheap_hashes", "instance", "people", "shared_instance", "start_instance"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}
