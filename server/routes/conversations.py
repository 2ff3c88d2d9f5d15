"""Conversations and their members.

Writes use the same code path as the websocket commands. A conversation of which the caller is not a member
does not exist for these routes.
"""

from typing import Any

import msgspec

from actors.accounts.accounts import Accounts
from actors.conversations.conversations import Conversations
from actors.protocol.objects import Conversation, MemberRequested, NewConversationResult, UserCard
from actors.protocol.text_validation import validate_line, validate_query
from config.accounts import USER_SEARCH_CHARACTERS
from config.limits import BODY_WITH_IDS_BYTES, GROUP_NAME_CHARACTERS
from server.http.cursor import encode_cursor
from server.http.rate_limiter import LIST_COST
from server.http.request_decoding import PageQuery
from server.http.response import Page, ResponseWithStatus
from server.http.route import Route, TypedRequest, names_caller
from server.routes.conversation_bodies import ConversationPatch, NewConversation, ParticipantQuery

NOT_FOUND_ERRORS = ("conversation.not_found",)
PERMISSION_ERRORS = ("conversation.not_found", "permission.denied")


class ConversationRoutes:
    def __init__(self, conversations: Conversations, accounts: Accounts) -> None:
        self._conversations = conversations
        self._accounts = accounts

    def routes(self) -> tuple[Route, ...]:
        root = "/v1/conversations"
        conversation = f"{root}/{{id}}"
        member = f"{conversation}/participants/{{user_id}}"
        return (
            Route(
                "POST",
                root,
                self.create,
                body=NewConversation,
                response=NewConversationResult,
                status=201,
                other_statuses=(200,),
                idempotent=True,
                cost=LIST_COST,
                body_bytes_max=BODY_WITH_IDS_BYTES,
                errors=(
                    "user.not_found",
                    "user.blocked",
                    "conversation.full",
                    "conversation.limit",
                    "rate.limited",
                ),
            ),
            Route("GET", root, self.page, query=PageQuery, response=Page[Conversation], cost=LIST_COST),
            Route("GET", conversation, self.get, response=Conversation, errors=NOT_FOUND_ERRORS),
            Route(
                "PATCH",
                conversation,
                self.update,
                body=ConversationPatch,
                response=Conversation,
                body_bytes_max=BODY_WITH_IDS_BYTES,
                errors=(*PERMISSION_ERRORS, "conversation.direct"),
            ),
            Route(
                "GET",
                f"{conversation}/participants",
                self.participants,
                query=ParticipantQuery,
                response=Page[UserCard],
                errors=NOT_FOUND_ERRORS,
            ),
            Route(
                "PUT",
                member,
                self.add,
                response=MemberRequested,
                status=202,
                other_statuses=(204,),
                errors=(
                    *PERMISSION_ERRORS,
                    "user.not_found",
                    "conversation.direct",
                    "conversation.full",
                    "conversation.limit",
                    "rate.limited",
                ),
            ),
            Route(
                "DELETE",
                member,
                self.remove,
                status=204,
                while_silenced=names_caller,
                errors=(*PERMISSION_ERRORS, "participant.not_found", "conversation.direct"),
            ),
        )

    async def create(self, request: TypedRequest[NewConversation, None]) -> ResponseWithStatus:
        """Create a conversation.

        The caller is always a member. Two users have at most one direct conversation: if it exists, the
        response is that conversation with status 200. A repeat with the same `Idempotency-Key` has the
        status of the first response. Users of a group whose privacy settings demand it are asked
        (`requested`), and join when they accept.
        """
        body = request.body
        created = await self._conversations.create(
            await self._caller_card(request),
            body.type,
            body.participants,
            _validate_name(body.name),
            request.raw_idempotency_key,
        )
        result = NewConversationResult(
            **msgspec.structs.asdict(created.conversation), requested=list(created.requested)
        )
        return ResponseWithStatus(result, 201 if created.is_new else 200)

    async def page(self, request: TypedRequest[None, PageQuery]) -> Page[Conversation]:
        """List the caller's conversations, the most recently active first."""
        items, next_key = await self._conversations.page(
            request.caller.user.id, request.cursor(tuple[int, str]), request.query.limit
        )
        return Page(items, None if next_key is None else encode_cursor(next_key))

    async def get(self, request: TypedRequest[None, None]) -> Conversation:
        """Get a conversation."""
        return await self._conversations.get(request.caller.user.id, request.path_params["id"])

    async def update(self, request: TypedRequest[ConversationPatch, None]) -> Conversation:
        """Update a conversation.

        `name` and `admins` apply to groups and require an admin. `muted` applies to the caller only.
        """
        body = request.body
        return await self._conversations.update(
            await self._caller_card(request),
            request.path_params["id"],
            None if body.name is msgspec.UNSET else _validate_name(body.name),
            None if body.admins is msgspec.UNSET else body.admins,
            None if body.muted is msgspec.UNSET else body.muted,
        )

    async def participants(self, request: TypedRequest[None, ParticipantQuery]) -> Page[UserCard]:
        """List the members of a conversation, ordered by id.

        With `q`, only members with a word of the display name or username that starts with it.
        """
        text = request.query.q
        items, next_key = await self._conversations.participants(
            request.caller.user.id,
            request.path_params["id"],
            None if text is None else validate_query("q", text, USER_SEARCH_CHARACTERS),
            request.cursor(str) or "",
            request.query.limit,
        )
        return Page(items, None if next_key is None else encode_cursor(next_key))

    async def add(self, request: TypedRequest[None, None]) -> ResponseWithStatus:
        """Add a member to a group.

        Requires an admin. New members can read the whole history. A user whose privacy settings demand it, or
        who left the group, is asked instead (202), and joins when the request is accepted.
        """
        conversation_id, user_id = request.path_params["id"], request.path_params["user_id"]
        is_member = await self._conversations.add_member(
            await self._caller_card(request), conversation_id, user_id
        )
        if is_member:
            return ResponseWithStatus(None, 204)
        return ResponseWithStatus(MemberRequested(conversation_id, user_id), 202)

    async def remove(self, request: TypedRequest[None, None]) -> None:
        """Remove a member from a group, or leave it.

        Removing another user requires an admin.
        """
        await self._conversations.remove_member(
            await self._caller_card(request), request.path_params["id"], request.path_params["user_id"]
        )

    async def _caller_card(self, request: TypedRequest[Any, Any]) -> UserCard:
        user_id = request.caller.user.id
        return (await self._accounts.load_cards([user_id]))[user_id]


def _validate_name(name: str | None) -> str | None:
    if name is None:
        return None
    return validate_line("name", name, GROUP_NAME_CHARACTERS)
