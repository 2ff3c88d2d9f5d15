"""The commands of a client."""

import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from actors.protocol.commands import (
    AddReaction,
    ClientCommand,
    DeleteMessage,
    EditMessage,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
    WatchPosts,
)
from actors.protocol.results import ChangeResult, PingResult, ReadResult, SendResult
from actors.protocol.social_objects import PostCounts
from client.pending_commands import PendingCommands

Result = TypeVar("Result", bound=msgspec.Struct)


class ClientCommands:
    """Sends commands and returns their results.

    `deadline_s` defaults to `ClientSettings.request_timeout_s`.
    """

    def __init__(self, pending_commands: PendingCommands) -> None:
        self._pending_commands = pending_commands

    async def request(
        self, build_command: Callable[[int], ClientCommand[Result]], *, deadline_s: float | None = None
    ) -> Result:
        """Send any command of the protocol and return its result. Raises like `send`.

        `build_command` creates the command from its id, for example
        `lambda request_id: Typing(request_id, conversation_id, active=True)`.
        """
        return await self._pending_commands.request(build_command, deadline_s)

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
        """Send a message. It is durable on return.

        Overlapping sends keep their order, unless the server refuses one for a while: it is then retried.

        Raises:
            RequestRejected: the server rejected it, and a retry would not help.
            RequestTimeout: the deadline passed; the message may be stored. Retry with the same `client_id`.
            ClientClosed: the client closed; the message may be stored.
        """
        message_client_id = client_id or uuid.uuid4().hex
        return await self._pending_commands.request(
            lambda request_id: SendMessage(
                request_id, conversation_id, message_client_id, content, list(mentions), reply_to
            ),
            deadline_s,
        )

    async def mark_read(
        self, conversation_id: str, seq: int, *, deadline_s: float | None = None
    ) -> ReadResult:
        """Mark the conversation as read up to `seq`. Raises like `send`."""
        return await self._pending_commands.request(
            lambda request_id: ReadConversation(request_id, conversation_id, seq), deadline_s
        )

    async def edit(
        self, conversation_id: str, message_id: str, content: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Replace the text of a message that this user sent. Raises like `send`."""
        return await self._pending_commands.request(
            lambda request_id: EditMessage(request_id, conversation_id, message_id, content), deadline_s
        )

    async def delete(
        self, conversation_id: str, message_id: str, *, deadline_s: float | None = None
    ) -> ChangeResult:
        """Delete a message. Raises like `send`."""
        return await self._pending_commands.request(
            lambda request_id: DeleteMessage(request_id, conversation_id, message_id), deadline_s
        )

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
        return await self._pending_commands.request(
            lambda request_id: command_type(request_id, conversation_id, message_id, emoji), deadline_s
        )

    async def watch_posts(
        self, post_ids: Sequence[str], *, deadline_s: float | None = None
    ) -> list[PostCounts]:
        """Watch the counts of these posts instead of those watched before, until the connection ends.

        Returns the current counts of those that the user can see. Changes arrive as `post.counts_changed`
        frames. Raises like `send`.
        """
        result = await self._pending_commands.request(
            lambda request_id: WatchPosts(request_id, list(post_ids)), deadline_s
        )
        return result.posts

    async def set_presence(self, *, away: bool, deadline_s: float | None = None) -> None:
        """Mark this device as away or online; each new connection starts online. Raises like `send`."""
        await self._pending_commands.request(
            lambda request_id: SetPresence(request_id, "away" if away else "online"), deadline_s
        )

    async def ping(self, *, deadline_s: float | None = None) -> PingResult:
        """Send an application-level ping. Raises like `send`."""
        return await self._pending_commands.request(Ping, deadline_s)
