"""What follows a stored entry: publication, summary, projection and notifications."""

from typing import TypeVar

import msgspec

from actors.conversations.commands import (
    ChangeMembership,
    ChangeMessage,
    MembershipChange,
    PendingAppend,
    Send,
    added_users,
)
from actors.conversations.conversation_dependencies import ConversationDependencies
from actors.conversations.conversation_state import ConversationState
from actors.conversations.errors import outcome_unknown
from actors.conversations.message_changes import Delete, Hide
from actors.conversations.pending_effects import EffectRecord, EffectReply
from storage.contracts.message_log import ChangeEntry, MessageEntry
from storage.errors import Unavailable

Command = TypeVar("Command", bound=Send | ChangeMembership | ChangeMessage)


class EntryEffects:
    """Publishes stored entries of one conversation, applies changes, and starts notifications."""

    __slots__ = ("_dependencies", "_id", "_pending_record", "_state")

    def __init__(
        self, conversation_id: str, dependencies: ConversationDependencies, state: ConversationState
    ) -> None:
        self._id = conversation_id
        self._dependencies = dependencies
        self._state = state
        self._pending_record: EffectRecord | None = None

    async def record_pending_effect(self, command: Command) -> Command:
        """Record that a command has notifications, or withdraws some, so that a crash does not lose that.

        Return the command with a reply that ends its pending effect. Commands may share a record. Raises
        `Unavailable`.
        """
        if self._pending_record is None or not self._pending_record.is_shared:
            self._pending_record = await self._dependencies.pending_effects.create(self._id, self._state.head)
        return msgspec.structs.replace(command, reply=EffectReply(command.reply, self._pending_record))

    def publish_message(self, entry: MessageEntry, traceparent: str) -> None:
        self._dependencies.publisher.publish_entry(entry, traceparent=traceparent)
        self._dependencies.summary_writer.add_entry(entry)

    def notify_mentions(self, entry: MessageEntry, pending: PendingAppend) -> None:
        """Notify the mentioned members in the background. Call before the command is answered."""
        reply = pending.command.reply
        if self._state.roster is None or not isinstance(reply, EffectReply):
            return
        pending_record = reply.pending_record
        pending_record.begin()
        self._dependencies.mentions.notify_later(
            entry, self._state.roster.members.keys(), lambda notified: pending_record.end(completed=notified)
        )

    async def record_withdrawal(self, pending: PendingAppend, message: MessageEntry) -> None:
        """Record that a deletion withdraws the notifications of `message`, if it does. Raises `Unavailable`.

        Call before the entry is built; again if that is repeated.
        """
        command = pending.command
        if (
            isinstance(command, ChangeMessage)
            and isinstance(command.change, Delete | Hide)
            and message.mentions
            and not isinstance(command.reply, EffectReply)
        ):
            pending.command = await self.record_pending_effect(command)

    async def complete(self, pending: PendingAppend) -> None:
        """Apply a stored membership entry or change, and answer its command.

        The command's result is the membership entry, or the changed message.
        """
        try:
            result = await self._apply(pending)
        except Exception as error:
            # The entry is stored, and the next catch-up applies it. Only this caller gets an error.
            self._state.mark_uncertain()
            pending.refused(outcome_unknown())
            if not isinstance(error, Unavailable):
                raise
        else:
            pending.stored(result)

    async def _apply(self, pending: PendingAppend) -> MessageEntry:
        entry = pending.entry
        if isinstance(pending.command, ChangeMembership):
            assert isinstance(entry, MessageEntry)
            await self._apply_membership(entry, pending.command.change, pending)
            return entry
        message = pending.target_message
        assert isinstance(entry, ChangeEntry)
        assert message is not None
        return await self._apply_message_change(entry, message, pending)

    async def _apply_membership(
        self, entry: MessageEntry, change: MembershipChange, pending: PendingAppend
    ) -> None:
        """Publish a membership entry, project it, then notify the users who joined or left.

        Raises `Unavailable` if it could not be projected; the next catch-up projects it.
        """
        self._state.apply_membership(entry)
        self._dependencies.publisher.publish_entry(entry, {user.id: user for user in added_users(change)})
        self._dependencies.summary_writer.add_entry(entry)
        await self._state.project()
        assert self._state.document is not None
        is_complete = await self._dependencies.membership_notifier.notify_change(self._state.document, entry)
        reply = pending.command.reply
        if not isinstance(reply, EffectReply):
            return
        record = reply.pending_record
        if not is_complete:
            record.fail()
        if entry.membership is not None and entry.membership.left:
            record.begin()
            self._dependencies.mentions.withdraw_conversation(
                entry.conversation_id, entry.membership.left, lambda done: record.end(completed=done)
            )

    async def _apply_message_change(
        self, entry: ChangeEntry, message: MessageEntry, pending: PendingAppend
    ) -> MessageEntry:
        """Apply a change to its message, publish the message and return it. Raises `Unavailable`."""
        await self._state.apply_change(entry)
        changed = message.with_state(entry.state, entry.seq)
        self._dependencies.publisher.publish_change(changed)
        reply = pending.command.reply
        if changed.deleted_at_ms is not None and isinstance(reply, EffectReply):
            record = reply.pending_record
            record.begin()
            self._dependencies.mentions.withdraw_message(message, lambda done: record.end(completed=done))
        return changed
