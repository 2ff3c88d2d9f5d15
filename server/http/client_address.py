"""The client's IP address, taken from `X-Forwarded-For` when trusted proxies are configured.

Without trusted proxies the header is ignored, because any client can send it. The address is for rate
limits; it does not authenticate.
"""

import ipaddress

from aiohttp import web

FORWARDED_FOR_CHARACTERS = 2000


def client_address(request: web.Request, trusted_proxies: int) -> str:
    """Return the address seen by the outermost of `trusted_proxies` proxies, or else the peer's."""
    peer = request.remote or "unknown"
    if trusted_proxies == 0:
        return peer
    forwarded_for = ",".join(request.headers.getall("X-Forwarded-For", []))[-FORWARDED_FOR_CHARACTERS:]
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    if len(hops) < trusted_proxies:
        return peer
    try:
        return str(ipaddress.ip_address(hops[-trusted_proxies]))
    except ValueError:
        return peer
