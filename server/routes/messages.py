"""Messages of conversations, read marks, and the changes after a seq.

Writes use the same code path as the websocket commands. A conversation of which the caller is not a member
does not exist for these routes.
"""

from collections.abc import Callable

from actors.conversations.commands import Send
from actors.conversations.conversations import Conversations
from actors.conversations.future_reply import FutureReply
from actors.conversations.message_changes import Delete, Edit
from actors.conversations.message_validation import create_draft, validate_content
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.objects import Message, ReadState
from server.http.response import ResponseWithStatus
from server.http.route import Route, TypedRequest
from server.routes.conversation_bodies import (
    Changes,
    ChangesQuery,
    History,
    HistoryQuery,
    MessageContent,
    NewMessage,
    ReadMark,
)
from server.routes.conversations import NOT_FOUND_ERRORS, PERMISSION_ERRORS

MESSAGE_CHANGE_ERRORS = (*PERMISSION_ERRORS, "message.not_found", "message.deleted", "conversation.read_only")


class MessageRoutes:
    """`charge_message(user_id)` takes a message from the user's rate limit, or returns the ms to wait.

    Messages over HTTP and over sockets count against the same limit.
    """

    def __init__(self, conversations: Conversations, charge_message: Callable[[str], int]) -> None:
        self._conversations = conversations
        self._charge_message = charge_message

    def routes(self) -> tuple[Route, ...]:
        conversation = "/v1/conversations/{id}"
        message = f"{conversation}/messages/{{message_id}}"
        return (
            Route(
                "GET",
                f"{conversation}/messages",
                self.history,
                query=HistoryQuery,
                response=History,
                errors=NOT_FOUND_ERRORS,
            ),
            Route(
                "POST",
                f"{conversation}/messages",
                self.send,
                body=NewMessage,
                response=Message,
                status=201,
                other_statuses=(200,),
                errors=(
                    *NOT_FOUND_ERRORS,
                    "message.not_found",
                    "user.blocked",
                    "conversation.read_only",
                    "idempotency.conflict",
                ),
            ),
            Route(
                "GET",
                message,
                self.message,
                response=Message,
                errors=(*NOT_FOUND_ERRORS, "message.not_found"),
            ),
            Route(
                "PATCH",
                message,
                self.edit,
                body=MessageContent,
                response=Message,
                errors=MESSAGE_CHANGE_ERRORS,
            ),
            Route(
                "DELETE", message, self.delete, status=204, errors=MESSAGE_CHANGE_ERRORS, while_silenced=True
            ),
            Route(
                "PUT",
                f"{conversation}/read",
                self.mark_read,
                while_silenced=True,
                body=ReadMark,
                response=ReadState,
                errors=NOT_FOUND_ERRORS,
            ),
            Route(
                "GET",
                f"{conversation}/changes",
                self.changes,
                query=ChangesQuery,
                response=Changes,
                errors=NOT_FOUND_ERRORS,
            ),
        )

    async def history(self, request: TypedRequest[None, HistoryQuery]) -> History:
        """List the messages of a conversation by seq."""
        user_id, conversation_id, query = request.caller.user.id, request.path_params["id"], request.query
        if query.around is None:
            items = await self._conversations.history(
                user_id, conversation_id, query.before, query.after, query.limit
            )
        elif query.before is None and query.after is None:
            items = await self._conversations.history_around(
                user_id, conversation_id, query.around, query.limit
            )
        else:
            raise invalid_field("around", "Cannot be combined with `before` or `after`.")
        return History(items)

    async def message(self, request: TypedRequest[None, None]) -> Message:
        """Get a message of a conversation, such as one that another message replies to."""
        return await self._conversations.message(
            request.caller.user.id, request.path_params["id"], request.path_params["message_id"]
        )

    async def send(self, request: TypedRequest[NewMessage, None]) -> ResponseWithStatus:
        """Send a message.

        The message is durable once the response is sent. A retry with the same `client_id` returns the first
        message with status 200.
        """
        body = request.body
        self._charge(request.caller.user.id)
        reply = FutureReply()
        draft = create_draft(
            request.caller.user.id, body.client_id, body.content, body.mentions, body.reply_to
        )
        message, duplicate = await self._conversations.send_and_wait(
            request.path_params["id"], Send(draft, reply), reply
        )
        return ResponseWithStatus(message, 200 if duplicate else 201)

    async def edit(self, request: TypedRequest[MessageContent, None]) -> Message:
        """Edit a message.

        Only its author can.
        """
        self._charge(request.caller.user.id)
        change = Edit(request.path_params["message_id"], validate_content(request.body.content))
        return await self._conversations.change_message(
            request.caller.user.id, request.path_params["id"], change
        )

    async def delete(self, request: TypedRequest[None, None]) -> None:
        """Delete a message.

        Its author and the admins of its group can; a silenced user deletes own messages only. Its text is
        removed; a placeholder stays.
        """
        self._charge(request.caller.user.id)
        change = Delete(request.path_params["message_id"], own_only=request.is_silenced)
        await self._conversations.change_message(request.caller.user.id, request.path_params["id"], change)

    def _charge(self, user_id: str) -> None:
        wait_ms = self._charge_message(user_id)
        if wait_ms:
            raise ApiError("rate.limited", "Too many messages. Retry later.", retry_after_ms=wait_ms)

    async def mark_read(self, request: TypedRequest[ReadMark, None]) -> ReadState:
        """Mark a conversation as read up to a seq.

        The mark only moves forward, and not beyond the latest entry.
        """
        return await self._conversations.mark_read(
            request.caller.user.id, request.path_params["id"], request.body.seq
        )

    async def changes(self, request: TypedRequest[None, ChangesQuery]) -> Changes:
        """List the changes of a conversation after a seq.

        Returns the durable frames, compacted and complete up to `last_seq`. Continue with `after=last_seq`.
        """
        items, last_seq, has_more = await self._conversations.changes(
            request.caller.user.id, request.path_params["id"], request.query.after, request.query.limit
        )
        return Changes(items, last_seq, has_more)
