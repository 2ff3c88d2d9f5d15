"""Requests about conversations: members, requests to join, messages and read marks."""

from collections.abc import Sequence
from typing import Final

from actors.protocol.objects import (
    Conversation,
    ConversationRequest,
    ConversationType,
    MemberRequested,
    Message,
    NewConversationResult,
    ReadState,
    UserCard,
)
from client.http_responses import Changes, History, Page
from client.http_transport import HttpTransport, key_header, resource_path

CONVERSATIONS: Final = "/v1/conversations"


class ConversationRequests(HttpTransport):
    """Lists return one page; pass its `next_cursor` for the next one."""

    async def create_conversation(
        self,
        conversation_type: ConversationType,
        participants: Sequence[str],
        name: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> NewConversationResult:
        """Create a conversation. The users in `requested` get a request, and join by accepting it."""
        body = {"type": conversation_type.value, "participants": list(participants), "name": name}
        headers = key_header(idempotency_key)
        return await self.request(NewConversationResult, "POST", CONVERSATIONS, body=body, headers=headers)

    async def conversations(self, cursor: str | None = None, limit: int = 100) -> Page[Conversation]:
        """Return a page of the user's conversations, most recently active first."""
        query = {"cursor": cursor, "limit": limit}
        return await self.request(Page[Conversation], "GET", CONVERSATIONS, query=query)

    async def conversation(self, conversation_id: str) -> Conversation:
        return await self.request(Conversation, "GET", resource_path(CONVERSATIONS, conversation_id))

    async def update_conversation(
        self,
        conversation_id: str,
        *,
        name: str | None = None,
        admins: Sequence[str] | None = None,
        muted: bool | None = None,
    ) -> Conversation:
        """Change the given fields; None leaves a field unchanged."""
        fields = {"name": name, "admins": None if admins is None else list(admins), "muted": muted}
        body = {field: value for field, value in fields.items() if value is not None}
        return await self.request(
            Conversation, "PATCH", resource_path(CONVERSATIONS, conversation_id), body=body
        )

    async def participants(
        self, conversation_id: str, cursor: str | None = None, limit: int = 100, *, search: str | None = None
    ) -> Page[UserCard]:
        """Return a page of members; with `search` those with a word of a name that starts with it."""
        path = resource_path(CONVERSATIONS, conversation_id, "participants")
        query = {"q": search, "cursor": cursor, "limit": limit}
        return await self.request(Page[UserCard], "GET", path, query=query)

    async def add_participant(self, conversation_id: str, user_id: str) -> bool:
        """Add a member. Returns False if the user gets a request instead, and joins by accepting it."""
        path = resource_path(CONVERSATIONS, conversation_id, "participants", user_id)
        requested: MemberRequested | None = await self.request(MemberRequested, "PUT", path)
        return requested is None

    async def remove_participant(self, conversation_id: str, user_id: str) -> None:
        """Remove a member, or leave the conversation."""
        await self.request(
            None, "DELETE", resource_path(CONVERSATIONS, conversation_id, "participants", user_id)
        )

    async def conversation_requests(
        self, cursor: str | None = None, limit: int = 100
    ) -> Page[ConversationRequest]:
        """Return a page of the requests to join a conversation that the user has not answered."""
        query = {"cursor": cursor, "limit": limit}
        path = resource_path(CONVERSATIONS, "requests")
        return await self.request(Page[ConversationRequest], "GET", path, query=query)

    async def accept_conversation_request(self, conversation_id: str) -> None:
        await self.request(None, "PUT", resource_path(CONVERSATIONS, "requests", conversation_id))

    async def decline_conversation_request(self, conversation_id: str) -> None:
        await self.request(None, "DELETE", resource_path(CONVERSATIONS, "requests", conversation_id))

    # --- messages

    async def history(
        self,
        conversation_id: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 100,
    ) -> list[Message]:
        """Return up to `limit` messages with after < seq < before, newest first.

        If only `after` is given, they are the oldest of these, oldest first. With `around` alone, they are on
        both sides of that seq, oldest first.
        """
        query = {"before": before, "after": after, "around": around, "limit": limit}
        return (
            await self.request(
                History, "GET", resource_path(CONVERSATIONS, conversation_id, "messages"), query=query
            )
        ).items

    async def message(self, conversation_id: str, message_id: str) -> Message:
        path = resource_path(CONVERSATIONS, conversation_id, "messages", message_id)
        return await self.request(Message, "GET", path)

    async def send(
        self,
        conversation_id: str,
        content: str,
        *,
        client_id: str,
        mentions: Sequence[str] = (),
        reply_to: str | None = None,
    ) -> Message:
        """Send a message. A retry with the same `client_id` returns the stored one."""
        body = {
            "client_id": client_id,
            "content": content,
            "mentions": list(mentions),
            "reply_to": reply_to,
        }
        return await self.request(
            Message, "POST", resource_path(CONVERSATIONS, conversation_id, "messages"), body=body
        )

    async def mark_read(self, conversation_id: str, seq: int) -> ReadState:
        return await self.request(
            ReadState, "PUT", resource_path(CONVERSATIONS, conversation_id, "read"), body={"seq": seq}
        )

    async def changes(self, conversation_id: str, after: int, limit: int = 100) -> Changes:
        """Return the compacted durable frames of up to `limit` entries after a seq."""
        query = {"after": after, "limit": limit}
        return await self.request(
            Changes, "GET", resource_path(CONVERSATIONS, conversation_id, "changes"), query=query
        )
