"""An aiohttp application on uvloop, without an access log, until it is told to end. It adds no middleware."""

import asyncio

import uvloop
from aiohttp import web


def run(app: web.Application, port: int) -> None:
    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
        await asyncio.Event().wait()

    uvloop.run(serve())
