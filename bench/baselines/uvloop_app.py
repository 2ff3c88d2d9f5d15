"""An aiohttp application on uvloop, without an access log, until it is told to end. It adds no middleware."""

import argparse
import asyncio

import uvloop
from aiohttp import web


def run(app: web.Application, description: str | None) -> None:
    """On the port that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    port: int = parser.parse_args().port

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await asyncio.Event().wait()

    uvloop.run(serve())
