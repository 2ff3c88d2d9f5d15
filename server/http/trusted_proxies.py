"""Which peers are trusted to send a client's address in `X-Forwarded-For`."""

import ipaddress
from collections.abc import Iterable

from aiohttp import web

FORWARDED_FOR_CHARACTERS = 2000


class TrustedProxies:
    """`count` proxies in a row, the last of which connects from one of `networks`."""

    def __init__(self, count: int = 0, networks: Iterable[str] = ()) -> None:
        self._count = count
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)

    def client_address(self, request: web.Request) -> str:
        """Return the address seen by the outermost proxy.

        That of the peer if it is no trusted proxy, or if the header has fewer addresses or a malformed one.
        """
        peer = request.remote or "unknown"
        if self._count == 0 or not self._is_proxy(peer):
            return peer
        forwarded_for = ",".join(request.headers.getall("X-Forwarded-For", []))[-FORWARDED_FOR_CHARACTERS:]
        hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
        if len(hops) < self._count:
            return peer
        try:
            return str(ipaddress.ip_address(hops[-self._count]))
        except ValueError:
            return peer

    def _is_proxy(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)
