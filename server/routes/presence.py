"""Presence over HTTP. Never of somebody whom the caller has nothing to do with."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.presence.presence_service import PresenceService
from actors.protocol.presence import Presence
from config.limits import WATCHED
from server.http.call import Call
from server.http.route import Route


class PresenceQuery(msgspec.Struct, frozen=True):
    user_ids: Annotated[list[str], Meta(description=f"Of whom; at most {WATCHED}.")]


class PresenceList(msgspec.Struct, frozen=True):
    items: list[Presence]


class PresenceRoutes:
    def __init__(self, presences: PresenceService) -> None:
        self._presences = presences

    def routes(self) -> tuple[Route, ...]:
        return (Route("GET", "/v1/presence", self.look, query=PresenceQuery, answer=PresenceList),)

    async def look(self, call: Call[None, PresenceQuery]) -> PresenceList:
        """How people are: of those one follows, is followed by or shares a conversation with."""
        return PresenceList(await self._presences.get(call.caller.user.id, call.query.user_ids))
