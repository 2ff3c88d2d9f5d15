"""Accepts requests: the user joins as if the one who asked had added or invited the user now."""

from collections.abc import Awaitable, Callable

from actors.consent.conversation_requests import ConversationRequests, request_not_found
from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from storage.contracts.conversation_requests import RequestRecord

AddAccepted = Callable[[UserCard, str, UserCard], Awaitable[None]]
"""(the one who asked, conversation id, the one who accepts). Raises `ApiError` as an addition does."""

InviteAccepted = Callable[[str, str, str], Awaitable[None]]
"""(event id, id of the one who asked, id of the one who accepts). Raises `ApiError` as an invite does."""

OUTDATED_CODES = frozenset({"conversation.not_found", "permission.denied", "event.not_found"})
"""The one who asked may no longer add."""


class RequestAcceptance:
    def __init__(
        self, requests: ConversationRequests, add_accepted: AddAccepted, invite_accepted: InviteAccepted
    ) -> None:
        self._requests = requests
        self._add_accepted = add_accepted
        self._invite_accepted = invite_accepted

    async def accept(self, user: UserCard, conversation_id: str) -> None:
        """Accept a request.

        Raises:
            ApiError: conversation_request.not_found (also if the one who asked may no longer add the user, in
                which case the request is deleted), conversation.full, conversation.limit.
        """
        record = await self._requests.get(user.id, conversation_id)
        actor = await self._requests.find_actor(record)
        if actor is None:
            await self._requests.remove_request(user.id, conversation_id)
            raise request_not_found()
        try:
            await self._apply(record, actor, user)
        except ApiError as error:
            if error.code not in OUTDATED_CODES:
                raise
            await self._requests.remove_request(user.id, conversation_id)
            raise request_not_found() from None
        await self._requests.remove_request(user.id, conversation_id, accepted=True)

    async def _apply(self, record: RequestRecord, actor: UserCard, user: UserCard) -> None:
        if record.event_id is None:
            await self._add_accepted(actor, record.conversation_id, user)
        else:
            await self._invite_accepted(record.event_id, actor.id, user.id)
