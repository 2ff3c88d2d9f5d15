"""The address a request came from, also through proxies that are known to stand in front.

With no proxy the header that proxies write is ignored: anybody can send it. Never used to decide who
somebody is.
"""

import ipaddress

from aiohttp import web

FORWARDED_FOR_CHARACTERS = 2000


def client_address(request: web.Request, trusted_proxies: int) -> str:
    """Name the peer, or whom the outermost of so many proxies saw."""
    peer = request.remote or "unknown"
    if trusted_proxies == 0:
        return peer
    told = ",".join(request.headers.getall("X-Forwarded-For", []))[-FORWARDED_FOR_CHARACTERS:]
    hops = [hop.strip() for hop in told.split(",") if hop.strip()]
    if len(hops) < trusted_proxies:
        return peer
    try:
        return str(ipaddress.ip_address(hops[-trusted_proxies]))
    except ValueError:
        return peer
