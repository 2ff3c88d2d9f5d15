"""Conversations and their messages over HTTP; the writes take the same way as those of the socket.

Never answers about a conversation that the caller is not in.
"""

from typing import Any

import msgspec

from actors.accounts.accounts import Accounts
from actors.conversations.commands import Delete, Edit, Send
from actors.conversations.conversations import Conversations
from actors.conversations.drafts import create_draft, validate_content
from actors.conversations.future_reply import FutureReply
from actors.protocol.errors import invalid_field
from actors.protocol.objects import Conversation, Message, ReadState, UserCard
from config.limits import BODY_WITH_IDS_BYTES, GROUP_NAME_CHARACTERS
from server.http.call import Answer, Call, Page
from server.http.cursor import write_cursor
from server.http.query import PageQuery
from server.http.route import Route
from server.routes.conversation_requests import (
    Changes,
    ChangesQuery,
    Content,
    ConversationPatch,
    History,
    HistoryQuery,
    NewConversation,
    NewMessage,
    ReadMark,
)

UNSEEN = ("conversation.not_found",)
GUARDED = ("conversation.not_found", "permission.denied")
REVISED = (*GUARDED, "message.not_found", "message.deleted")


class ConversationRoutes:
    def __init__(self, conversations: Conversations, accounts: Accounts) -> None:
        self._conversations = conversations
        self._accounts = accounts

    def routes(self) -> tuple[Route, ...]:
        root = "/v1/conversations"
        one = f"{root}/{{id}}"
        member, message = f"{one}/participants/{{user_id}}", f"{one}/messages/{{message_id}}"
        return (
            Route(
                "POST",
                root,
                self.create,
                body=NewConversation,
                answer=Conversation,
                status=201,
                also=(200,),
                idempotent=True,
                body_bytes=BODY_WITH_IDS_BYTES,
                refuses=("user.not_found", "user.blocked", "conversation.full"),
            ),
            Route("GET", root, self.page, query=PageQuery, answer=Page[Conversation]),
            Route("GET", one, self.get, answer=Conversation, refuses=UNSEEN),
            Route(
                "PATCH",
                one,
                self.change,
                body=ConversationPatch,
                answer=Conversation,
                body_bytes=BODY_WITH_IDS_BYTES,
                refuses=(*GUARDED, "conversation.direct"),
            ),
            Route(
                "GET",
                f"{one}/participants",
                self.participants,
                query=PageQuery,
                answer=Page[UserCard],
                refuses=UNSEEN,
            ),
            Route(
                "PUT",
                member,
                self.add,
                status=204,
                refuses=(*GUARDED, "user.not_found", "conversation.direct", "conversation.full"),
            ),
            Route(
                "DELETE",
                member,
                self.remove,
                status=204,
                refuses=(*GUARDED, "participant.not_found", "conversation.direct"),
            ),
            Route("GET", f"{one}/messages", self.history, query=HistoryQuery, answer=History, refuses=UNSEEN),
            Route(
                "POST",
                f"{one}/messages",
                self.send,
                body=NewMessage,
                answer=Message,
                status=201,
                also=(200,),
                refuses=(*UNSEEN, "message.not_found", "user.blocked", "idempotency.conflict"),
            ),
            Route("PATCH", message, self.edit, body=Content, answer=Message, refuses=REVISED),
            Route("DELETE", message, self.delete, status=204, refuses=REVISED),
            Route("PUT", f"{one}/read", self.read, body=ReadMark, answer=ReadState, refuses=UNSEEN),
            Route("GET", f"{one}/changes", self.changes, query=ChangesQuery, answer=Changes, refuses=UNSEEN),
        )

    async def create(self, call: Call[NewConversation, None]) -> Answer:
        """Open a conversation; the caller is always in it.

        There is one direct conversation between two users: when it stands already, the answer is 200.
        """
        body = call.body
        created = await self._conversations.create(
            await self._card(call), body.type, body.participants, _name(body.name), call.idempotency_key
        )
        return Answer(created.conversation, 201 if created.is_new else 200)

    async def page(self, call: Call[None, PageQuery]) -> Page[Conversation]:
        """List one's conversations, by latest activity."""
        items, following = await self._conversations.page(
            call.caller.user.id, call.cursor(tuple[int, str]), call.query.limit
        )
        return Page(items, None if following is None else write_cursor(following))

    async def get(self, call: Call[None, None]) -> Conversation:
        """Show a conversation."""
        return await self._conversations.get(call.caller.user.id, call.path["id"])

    async def change(self, call: Call[ConversationPatch, None]) -> Conversation:
        """Rename a group, name its admins (admins only), or mute a conversation for oneself."""
        body = call.body
        return await self._conversations.update(
            await self._card(call),
            call.path["id"],
            None if body.name is msgspec.UNSET else _name(body.name),
            None if body.admins is msgspec.UNSET else body.admins,
            None if body.muted is msgspec.UNSET else body.muted,
        )

    async def participants(self, call: Call[None, PageQuery]) -> Page[UserCard]:
        """List the members of a conversation."""
        items, following = await self._conversations.participants(
            call.caller.user.id, call.path["id"], call.cursor(int) or 0, call.query.limit
        )
        return Page(items, None if following is None else write_cursor(following))

    async def add(self, call: Call[None, None]) -> None:
        """Add a member to a group (admins only). New members read the whole history."""
        await self._conversations.add_member(await self._card(call), call.path["id"], call.path["user_id"])

    async def remove(self, call: Call[None, None]) -> None:
        """Remove a member from a group (admins only), or leave it."""
        await self._conversations.remove_member(await self._card(call), call.path["id"], call.path["user_id"])

    async def history(self, call: Call[None, HistoryQuery]) -> History:
        """Read the messages of a conversation, by seq."""
        items = await self._conversations.history(
            call.caller.user.id, call.path["id"], call.query.before, call.query.after, call.query.limit
        )
        return History(items)

    async def send(self, call: Call[NewMessage, None]) -> Answer:
        """Send a message. The answer comes once it is stored.

        A repeat with the same `client_id` answers the first message, with 200.
        """
        body = call.body
        reply = FutureReply()
        draft = create_draft(call.caller.user.id, body.client_id, body.content, body.mentions, body.reply_to)
        message, duplicate = await self._conversations.send_and_wait(
            call.path["id"], Send(draft, reply), reply
        )
        return Answer(message, 200 if duplicate else 201)

    async def edit(self, call: Call[Content, None]) -> Message:
        """Change the content of one's own message."""
        revision = Edit(call.path["message_id"], validate_content(call.body.content))
        return await self._conversations.change_message(call.caller.user.id, call.path["id"], revision)

    async def delete(self, call: Call[None, None]) -> None:
        """Delete a message: its author or an admin may."""
        revision = Delete(call.path["message_id"])
        await self._conversations.change_message(call.caller.user.id, call.path["id"], revision)

    async def read(self, call: Call[ReadMark, None]) -> ReadState:
        """Mark as read up to a seq; forward only, never past the head."""
        return await self._conversations.mark_read(call.caller.user.id, call.path["id"], call.body.seq)

    async def changes(self, call: Call[None, ChangesQuery]) -> Changes:
        """Read what has changed after a seq: the durable frames, compacted.

        Complete up to `last_seq`, from which one goes on.
        """
        items, last_seq, has_more = await self._conversations.changes(
            call.caller.user.id, call.path["id"], call.query.after, call.query.limit
        )
        return Changes(items, last_seq, has_more)

    async def _card(self, call: Call[Any, Any]) -> UserCard:
        user_id = call.caller.user.id
        return (await self._accounts.load_cards([user_id]))[user_id]


def _name(name: str | None) -> str | None:
    if name is None:
        return None
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= GROUP_NAME_CHARACTERS:
        raise invalid_field("name", f"A name has 1 to {GROUP_NAME_CHARACTERS} characters.")
    return trimmed
