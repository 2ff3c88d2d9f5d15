"""Creates conversations, sends their messages in order, and marks them read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from actors.protocol.objects import Conversation, ConversationType, Message, ReadState
from client.http_requests import MarkRead, NewConversation, NewMessage
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.create_events import CreatedEvent
from examples.demo.dialogs import DialogLine
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_conversations import ConversationPlan
from examples.demo.register_users import DemoUser

MEMBERS_TIMEOUT_S: Final = 15.0
MEMBERS_POLL_S: Final = 0.25


class CreatedConversation(msgspec.Struct, frozen=True):
    """A conversation on the server; `messages` is the number sent."""

    name: str | None
    conversation_id: str
    messages: int


class ConversationCreator:
    """`users` are indexed like the plan's users."""

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
        """Create a conversation with its messages and read marks; None if a block prevents it."""
        opener, *participants = (self._users[number] for number in plan.members)
        conversation_type = ConversationType.DIRECT if plan.name is None else ConversationType.GROUP
        ids = [participant.id for participant in participants]
        key = self._keys.make_key("talk", conversation_type.value, plan.name, opener.id, *ids)
        request = HttpRequest(
            "POST", "/v1/conversations", opener.token, NewConversation(conversation_type, ids, plan.name), key
        )
        conversation = await self._http.request_if_allowed(Conversation, request)
        if conversation is None:
            return None
        messages = await self._send_lines(conversation.id, plan.lines)
        if messages:
            for number in plan.readers:
                path = f"/v1/conversations/{conversation.id}/read"
                body = MarkRead(messages[-1].seq)
                await self._http.request_if_allowed(
                    ReadState, HttpRequest("PUT", path, self._users[number].token, body)
                )
        return CreatedConversation(plan.name, conversation.id, len(messages))

    async def send_event_messages(self, created: CreatedEvent) -> int:
        """Send messages in an event's conversation once its attendees are members; return their number."""
        if created.event is None or not created.plan.lines:
            return 0
        conversation_id = created.event.conversation_id
        host = self._users[created.plan.creator]
        await self._wait_for_members(
            conversation_id, host, len(created.plan.attendees | {created.plan.creator})
        )
        return len(await self._send_lines(conversation_id, created.plan.lines))

    async def _send_lines(self, conversation_id: str, lines: Sequence[DialogLine]) -> list[Message]:
        sent: dict[int, Message] = {}
        for index, line in enumerate(lines):
            original = None if line.reply_to is None else sent.get(line.reply_to)
            body = NewMessage(
                client_id=self._keys.make_key("message", index, line.content),
                content=line.content,
                mentions=[self._users[number].id for number in line.mentions],
                reply_to=None if original is None else original.id,
            )
            path = f"/v1/conversations/{conversation_id}/messages"
            request = HttpRequest("POST", path, self._users[line.speaker].token, body)
            message = await self._http.request_if_allowed(Message, request)
            if message is not None:
                sent[index] = message
        return list(sent.values())

    async def _wait_for_members(self, conversation_id: str, host: DemoUser, count: int) -> None:
        """Wait until RSVPs have been turned into memberships, at most `MEMBERS_TIMEOUT_S`."""
        request = HttpRequest("GET", f"/v1/conversations/{conversation_id}", host.token)
        for _ in range(round(MEMBERS_TIMEOUT_S / MEMBERS_POLL_S)):
            conversation = await self._http.request_if_allowed(Conversation, request)
            if conversation is not None and conversation.member_count >= count:
                return
            await self._sleep(MEMBERS_POLL_S)
