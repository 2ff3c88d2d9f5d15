"""Presence over HTTP. Never of somebody whom the caller has nothing to do with."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.presence.presence_service import PresenceService
from actors.protocol.presence import Presence
from config.limits import PRESENCE_WATCHED_USERS
from server.http.route import Route
from server.http.typed_request import TypedRequest


class PresenceQuery(msgspec.Struct, frozen=True):
    user_ids: Annotated[list[str], Meta(description=f"Of whom; at most {PRESENCE_WATCHED_USERS}.")]


class PresenceList(msgspec.Struct, frozen=True):
    items: list[Presence]


class PresenceRoutes:
    def __init__(self, presence: PresenceService) -> None:
        self._presence = presence

    def routes(self) -> tuple[Route, ...]:
        return (Route("GET", "/v1/presence", self.get, query=PresenceQuery, response=PresenceList),)

    async def get(self, request: TypedRequest[None, PresenceQuery]) -> PresenceList:
        """How people are: of those one follows, is followed by or shares a conversation with."""
        return PresenceList(await self._presence.get(request.caller.user.id, request.query.user_ids))
