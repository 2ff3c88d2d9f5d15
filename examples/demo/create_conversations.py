"""Conversations are opened, messages sent in their order, and read by some."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from actors.protocol.objects import Conversation, ConversationType, Message, ReadState
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.create_events import CreatedEvent
from examples.demo.dialogs import DialogLine
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_conversations import ConversationPlan
from examples.demo.register_users import DemoUser

MEMBERS_TIMEOUT_S: Final = 15.0
MEMBERS_POLL_S: Final = 0.25


class NewConversation(msgspec.Struct, frozen=True):
    type: ConversationType
    participants: list[str]
    name: str | None


class NewMessage(msgspec.Struct, frozen=True):
    client_id: str
    content: str
    mentions: list[str]
    reply_to: str | None


class MarkRead(msgspec.Struct, frozen=True):
    seq: int


class CreatedConversation(msgspec.Struct, frozen=True):
    """A talk as the server has it, with the messages that are there."""

    name: str | None
    conversation_id: str
    messages: int


class ConversationCreator:
    """`residents` stand at the numbers of their people."""

    def __init__(
        self,
        http: RetryingHttpClient,
        keys: IdempotencyKeys,
        users: Sequence[DemoUser],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._http = http
        self._keys = keys
        self._users = users
        self._sleep = sleep

    async def ensure_conversation(self, plan: ConversationPlan) -> CreatedConversation | None:
        """Open a conversation, say everything, let readers read it; None where two are apart since."""
        opener, *others = (self._users[number] for number in plan.members)
        kind = ConversationType.DIRECT if plan.name is None else ConversationType.GROUP
        ids = [one.id for one in others]
        key = self._keys.make_key("talk", kind.value, plan.name, opener.id, *ids)
        request = HttpRequest(
            "POST", "/v1/conversations", opener.token, NewConversation(kind, ids, plan.name), key
        )
        conversation = await self._http.request_if_allowed(Conversation, request)
        if conversation is None:
            return None
        said = await self._send_lines(conversation.id, plan.lines)
        if said:
            for number in plan.readers:
                path = f"/v1/conversations/{conversation.id}/read"
                mark = MarkRead(said[-1].seq)
                await self._http.request_if_allowed(
                    ReadState, HttpRequest("PUT", path, self._users[number].token, mark)
                )
        return CreatedConversation(plan.name, conversation.id, len(said))

    async def send_event_messages(self, created: CreatedEvent) -> int:
        """Talk in an event's own conversation once those who go are in it; answers how many messages."""
        if created.event is None or not created.plan.lines:
            return 0
        conversation_id = created.event.conversation_id
        host = self._users[created.plan.creator]
        await self._wait_for_members(
            conversation_id, host, len(created.plan.attendees | {created.plan.creator})
        )
        return len(await self._send_lines(conversation_id, created.plan.lines))

    async def _send_lines(self, conversation_id: str, lines: Sequence[DialogLine]) -> list[Message]:
        said: dict[int, Message] = {}
        for index, line in enumerate(lines):
            answered = None if line.reply_to is None else said.get(line.reply_to)
            body = NewMessage(
                client_id=self._keys.make_key("message", index, line.content),
                content=line.content,
                mentions=[self._users[number].id for number in line.mentions],
                reply_to=None if answered is None else answered.id,
            )
            path = f"/v1/conversations/{conversation_id}/messages"
            request = HttpRequest("POST", path, self._users[line.speaker].token, body)
            message = await self._http.request_if_allowed(Message, request)
            if message is not None:
                said[index] = message
        return list(said.values())

    async def _wait_for_members(self, conversation_id: str, host: DemoUser, count: int) -> None:
        """Wait until so many are in an event's conversation, which follows their answers; not for ever."""
        request = HttpRequest("GET", f"/v1/conversations/{conversation_id}", host.token)
        for _ in range(round(MEMBERS_TIMEOUT_S / MEMBERS_POLL_S)):
            found = await self._http.request_if_allowed(Conversation, request)
            if found is not None and found.member_count >= count:
                return
            await self._sleep(MEMBERS_POLL_S)
