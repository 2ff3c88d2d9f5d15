"""A bare aiohttp handler: `/healthz` and `/small` return fixed JSON."""

from aiohttp import web

from bench.baselines.uvloop_app import run

HEALTH = b'{"status":"ok"}'
SMALL = b'{"read_seq":123,"unread_count":4}'


async def health(_request: web.Request) -> web.Response:
    return web.Response(body=HEALTH, content_type="application/json")


async def small(_request: web.Request) -> web.Response:
    return web.Response(body=SMALL, content_type="application/json")


def main() -> None:
    app = web.Application()
    app.router.add_get("/healthz", health)
    app.router.add_get("/small", small)
    run(app, __doc__)


if __name__ == "__main__":
    main()
