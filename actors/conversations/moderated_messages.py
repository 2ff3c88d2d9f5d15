"""Messages as moderators see them, who need not be members.

Hiding and restoring are changes in the log like an edit or a deletion, and take a seq. A hidden message keeps
its text in the log, which no member gets; to all of them it looks deleted, until it is restored. The log
names the author as the sender of such a change; the audit log has the moderator.
"""

from datetime import UTC, datetime

from actors.conversations.command_sender import CommandSender
from actors.conversations.commands import ChangeMessage
from actors.conversations.future_reply import FutureReply
from actors.conversations.log_reader import find_message
from actors.conversations.message_changes import Hide, Restore
from actors.protocol.errors import ApiError
from actors.protocol.objects import MessageType
from config.limits import SNAPSHOT_MESSAGES_AROUND
from storage.contracts.contents import ContentRecord
from storage.contracts.message_log import MessageEntry, MessageLog


class ModeratedMessages:
    def __init__(self, log: MessageLog, commands: CommandSender) -> None:
        self._log = log
        self._commands = commands

    async def find(self, message_id: str) -> MessageEntry | None:
        """Return a message of a user that is not deleted, also a hidden one. Raises `Unavailable`."""
        message = await self.find_stored(message_id)
        if message is None or message.message_type != MessageType.TEXT:
            return None
        return message if message.deleted_at_ms is None or message.hidden is not None else None

    async def find_stored(self, message_id: str) -> MessageEntry | None:
        """Return a message, also a SYSTEM or a deleted one, whose text is gone. Raises `Unavailable`."""
        return await find_message(self._log, message_id)

    async def find_around(self, message: MessageEntry) -> list[MessageEntry]:
        """Return up to `SNAPSHOT_MESSAGES_AROUND` messages before and after one each, in order of seq.

        Raises `Unavailable`.
        """
        before = await self._log.page_messages(
            message.conversation_id, message.seq, 0, SNAPSHOT_MESSAGES_AROUND, newest=True
        )
        after = await self._log.page_messages(
            message.conversation_id,
            message.seq + SNAPSHOT_MESSAGES_AROUND + 1,
            message.seq,
            SNAPSHOT_MESSAGES_AROUND,
            newest=False,
        )
        return [*reversed(before), *after]

    def to_content(self, message: MessageEntry) -> ContentRecord:
        return ContentRecord(
            id=message.id,
            author_id=message.sender_id,
            content=message.content if message.hidden is None else message.hidden.content,
            created_at=datetime.fromtimestamp(message.created_at_ms / 1000, UTC),
            is_hidden=message.hidden is not None,
            container_id=message.conversation_id,
        )

    async def set_hidden(self, message_id: str, *, hidden: bool) -> bool:
        """Hide or restore a message of a user. Idempotent. Raises `ApiError` or `Unavailable`.

        Returns False if there is none, or if it is deleted.
        """
        message = await self.find(message_id)
        if message is None:
            return False
        change = Hide(message_id) if hidden else Restore(message_id)
        reply = FutureReply()
        try:
            await self._commands.execute(
                message.conversation_id, ChangeMessage(message.sender_id, change, reply), reply
            )
        except ApiError as error:
            if error.code in {"message.not_found", "message.deleted", "conversation.not_found"}:
                return False
            raise
        return True
