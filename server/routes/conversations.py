"""Conversations and their messages over HTTP; the writes take the same way as those of the socket.

Never answers about a conversation that the caller is not in.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, UnsetType

from actors.accounts.accounts import Accounts
from actors.conversation.conversations import Conversations
from actors.conversation.drafts import content_of, draft_of
from actors.conversation.future_reply import FutureReply
from actors.conversation.letters import Delete, Edit, Send
from actors.wire.commands import ClientId
from actors.wire.frames import LogFrame
from actors.wire.objects import Conversation, ConversationType, Message, ReadState, UserCard
from actors.wire.refusal import invalid
from config.limits import (
    BODY_WITH_IDS_BYTES,
    GROUP_NAME_CHARACTERS,
    IDEMPOTENCY_KEY_CHARACTERS,
    PARTICIPANTS,
)
from server.http.call import Answer, Call, Page
from server.http.cursor import write_cursor
from server.http.route import Route

SEQ_MAX = 2**53
Id = Annotated[str, Meta(max_length=64)]


class NewConversation(msgspec.Struct, frozen=True):
    type: ConversationType
    participants: Annotated[list[Id], Meta(max_length=2 * PARTICIPANTS)]
    name: str | None = None


class ConversationPatch(msgspec.Struct, frozen=True):
    name: str | UnsetType = msgspec.UNSET
    admins: Annotated[list[Id], Meta(max_length=PARTICIPANTS)] | UnsetType = msgspec.UNSET
    muted: bool | UnsetType = msgspec.UNSET


class NewMessage(msgspec.Struct, frozen=True):
    client_id: ClientId
    content: str
    mentions: list[Id] = []
    reply_to: Id | None = None


class Content(msgspec.Struct, frozen=True):
    content: str


class ReadMark(msgspec.Struct, frozen=True):
    seq: Annotated[int, Meta(ge=0, le=SEQ_MAX)]


class Changes(msgspec.Struct, frozen=True):
    """The durable frames after a seq, compacted; complete up to `last_seq`."""

    items: list[LogFrame]
    last_seq: int
    has_more: bool


class History(msgspec.Struct, frozen=True):
    items: list[Message]


class ConversationRoutes:
    def __init__(self, conversations: Conversations, accounts: Accounts) -> None:
        self._conversations = conversations
        self._accounts = accounts

    def routes(self) -> tuple[Route, ...]:
        one = "/v1/conversations/{id}"
        return (
            Route(
                "POST",
                "/v1/conversations",
                self.create,
                body=NewConversation,
                answer=Conversation,
                status=201,
                body_bytes=BODY_WITH_IDS_BYTES,
            ),
            Route("GET", "/v1/conversations", self.page, answer=Page[Conversation]),
            Route("GET", one, self.get, answer=Conversation),
            Route(
                "PATCH",
                one,
                self.change,
                body=ConversationPatch,
                answer=Conversation,
                body_bytes=BODY_WITH_IDS_BYTES,
            ),
            Route("GET", f"{one}/participants", self.participants, answer=Page[UserCard]),
            Route("PUT", f"{one}/participants/{{user_id}}", self.add, status=204),
            Route("DELETE", f"{one}/participants/{{user_id}}", self.remove, status=204),
            Route("GET", f"{one}/messages", self.history, answer=History),
            Route("POST", f"{one}/messages", self.send, body=NewMessage, answer=Message, status=201),
            Route("PATCH", f"{one}/messages/{{message_id}}", self.edit, body=Content, answer=Message),
            Route("DELETE", f"{one}/messages/{{message_id}}", self.delete, status=204),
            Route("PUT", f"{one}/read", self.read, body=ReadMark, answer=ReadState),
            Route("GET", f"{one}/changes", self.changes, answer=Changes),
        )

    async def create(self, call: Call[NewConversation]) -> Answer:
        body = call.body
        created = await self._conversations.create(
            await self._card(call), body.type, body.participants, _name(body.name), _key(call)
        )
        return Answer(created.conversation, 201 if created.new else 200)

    async def page(self, call: Call[None]) -> Page[Conversation]:
        items, following = await self._conversations.page(
            call.caller.user.id, call.cursor(tuple[int, str]), call.limit()
        )
        return Page(items, None if following is None else write_cursor(following))

    async def get(self, call: Call[None]) -> Conversation:
        return await self._conversations.get(call.caller.user.id, call.path["id"])

    async def change(self, call: Call[ConversationPatch]) -> Conversation:
        body = call.body
        return await self._conversations.change(
            await self._card(call),
            call.path["id"],
            None if body.name is msgspec.UNSET else _name(body.name),
            None if body.admins is msgspec.UNSET else body.admins,
            None if body.muted is msgspec.UNSET else body.muted,
        )

    async def participants(self, call: Call[None]) -> Page[UserCard]:
        items, following = await self._conversations.participants(
            call.caller.user.id, call.path["id"], call.cursor(int) or 0, call.limit()
        )
        return Page(items, None if following is None else write_cursor(following))

    async def add(self, call: Call[None]) -> None:
        await self._conversations.add(await self._card(call), call.path["id"], call.path["user_id"])

    async def remove(self, call: Call[None]) -> None:
        await self._conversations.remove(await self._card(call), call.path["id"], call.path["user_id"])

    async def history(self, call: Call[None]) -> History:
        before = call.number("before", -1, 0, SEQ_MAX)
        after = call.number("after", -1, 0, SEQ_MAX)
        items = await self._conversations.history(
            call.caller.user.id,
            call.path["id"],
            None if before < 0 else before,
            None if after < 0 else after,
            call.limit(),
        )
        return History(items)

    async def send(self, call: Call[NewMessage]) -> Answer:
        body = call.body
        reply = FutureReply()
        draft = draft_of(call.caller.user.id, body.client_id, body.content, body.mentions, body.reply_to)
        message, duplicate = await self._conversations.send_and_wait(
            call.path["id"], Send(draft, reply), reply
        )
        return Answer(message, 200 if duplicate else 201)

    async def edit(self, call: Call[Content]) -> Message:
        revision = Edit(call.path["message_id"], content_of(call.body.content))
        return await self._conversations.revise(call.caller.user.id, call.path["id"], revision)

    async def delete(self, call: Call[None]) -> None:
        revision = Delete(call.path["message_id"])
        await self._conversations.revise(call.caller.user.id, call.path["id"], revision)

    async def read(self, call: Call[ReadMark]) -> ReadState:
        return await self._conversations.read(call.caller.user.id, call.path["id"], call.body.seq)

    async def changes(self, call: Call[None]) -> Changes:
        items, last_seq, has_more = await self._conversations.changes(
            call.caller.user.id, call.path["id"], call.number("after", 0, 0, SEQ_MAX), call.limit()
        )
        return Changes(items, last_seq, has_more)

    async def _card(self, call: Call[Any]) -> UserCard:
        user_id = call.caller.user.id
        return (await self._accounts.cards([user_id]))[user_id]


def _name(name: str | None) -> str | None:
    if name is None:
        return None
    trimmed = name.strip()
    if not 1 <= len(trimmed) <= GROUP_NAME_CHARACTERS:
        raise invalid("name", f"A name has 1 to {GROUP_NAME_CHARACTERS} characters.")
    return trimmed


def _key(call: Call[Any]) -> str | None:
    key = call.idempotency_key
    if key is not None and not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS:
        raise invalid("Idempotency-Key", f"1 to {IDEMPOTENCY_KEY_CHARACTERS} characters.")
    return key
