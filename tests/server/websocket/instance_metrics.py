"""The metrics of an instance as `/metrics` shows them."""

import asyncio
import re

import aiohttp

from server.instance import Instance


async def read_metrics(instance: Instance) -> dict[str, float]:
    """Return the server's metrics by full name."""
    url = f"http://127.0.0.1:{instance.port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        metrics = re.findall(r"^(convene_\S+) (\S+)$", await answer.text(), re.MULTILINE)
    return {name: float(value) for name, value in metrics}


async def wait_for_metric(instance: Instance, name: str, value: float) -> None:
    """Wait until a metric has a value."""
    async with asyncio.timeout(10):
        while (await read_metrics(instance)).get(name) != value:
            pass
