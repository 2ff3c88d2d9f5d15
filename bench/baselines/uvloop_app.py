"""Runs an aiohttp application on uvloop without an access log."""

import argparse
import asyncio

import uvloop
from aiohttp import web


def run(app: web.Application, description: str | None) -> None:
    """Serve `app` on the port given by `--port` until the process is terminated."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await asyncio.Event().wait()

    uvloop.run(serve())
