"""The commands of a client."""

import uuid
from collections.abc import Sequence

import msgspec

from actors.protocol.commands import (
    AddReaction,
    DeleteMessage,
    EditMessage,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
)
from actors.protocol.server_frames import ChangeResult, Empty, PingResult, ReadResult, SendResult
from client.pending_requests import PendingRequests


class ClientCommands:
    """Sends commands and returns their results.

    `deadline_s` defaults to `ClientSettings.request_timeout_s`.
    """

    def __init__(self, requests: PendingRequests) -> None:
        self._requests = requests

    async def send(
        self,
        conversation_id: str,
        content: str,
        *,
        mentions: Sequence[str] = (),
        reply_to: str | None = None,
        client_id: str | None = None,
        deadline_s: float | None = None,
    ) -> SendResult:
        """Send a message. It is durable on return; overlapping sends keep their order.

        Raises:
            RequestRejected: the server rejected it, and a retry would not help.
            RequestTimeout: the deadline passed; the message may be stored. Retry with the same `client_id`.
            ClientClosed: the client closed; the message may be stored.
        """
        message_client_id = client_id or uuid.uuid4().hex

        def build_command(request_id: int) -> msgspec.Struct:
            return SendMessage(
                request_id, conversation_id, message_client_id, content, list(mentions), reply_to
            )

        return await self._requests.request(build_command, SendResult, deadline_s)

    async def mark_read(
        self, conversation_id: str, seq: int, *, deadline_s: float | None = None
    ) -> ReadResult:
        """Mark the conversation as read up to `seq`. Raises like `send`."""

        def build_command(request_id: int) -> msgspec.Struct:
            return ReadConversation(request_id, conversation_id, seq)

        return await self._requests.request(build_command, ReadResult, deadline_s)

    async def edit(
        self, conversation_id: str, message_id: str, content: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Replace the text of a message that this user sent. Raises like `send`."""

        def build_command(request_id: int) -> msgspec.Struct:
            return EditMessage(request_id, conversation_id, message_id, content)

        return await self._requests.request(build_command, ChangeResult, deadline_s)

    async def delete(
        self, conversation_id: str, message_id: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Delete a message. Raises like `send`."""

        def build_command(request_id: int) -> msgspec.Struct:
            return DeleteMessage(request_id, conversation_id, message_id)

        return await self._requests.request(build_command, ChangeResult, deadline_s)

    async def react(
        self,
        conversation_id: str,
        message_id: str,
        emoji: str,
        *,
        add: bool = True,
        deadline_s: float | None = None,
    ) -> ChangeResult:
        """Add or remove a reaction. Raises like `send`."""
        command_type = AddReaction if add else RemoveReaction

        def build_command(request_id: int) -> msgspec.Struct:
            return command_type(request_id, conversation_id, message_id, emoji)

        return await self._requests.request(build_command, ChangeResult, deadline_s)

    async def set_presence(self, *, away: bool, deadline_s: float | None = None) -> None:
        """Mark this device as away or online; each new connection starts online. Raises like `send`."""

        def build_command(request_id: int) -> msgspec.Struct:
            return SetPresence(request_id, "away" if away else "online")

        await self._requests.request(build_command, Empty, deadline_s)

    async def ping(self, *, deadline_s: float | None = None) -> PingResult:
        """Send an application-level ping. Raises like `send`."""
        return await self._requests.request(Ping, PingResult, deadline_s)
