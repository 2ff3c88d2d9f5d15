"""What follows a stored entry: publication, summary, projection and notifications."""

from actors.conversations.commands import AddByRule, AddMember, MembershipChange
from actors.conversations.conversation_services import ConversationServices
from actors.conversations.conversation_state import ConversationState
from actors.conversations.message_changes import with_message_state
from actors.conversations.pending_effects import PendingEffects
from storage.contracts.messaging import ChangeEntry, MessageEntry


class EntryEffects:
    """The effects of the entries of one conversation. `pending` records those that must survive a crash."""

    __slots__ = ("_services", "_state", "pending")

    def __init__(
        self, conversation_id: str, services: ConversationServices, state: ConversationState
    ) -> None:
        self._services = services
        self._state = state
        self.pending = PendingEffects(conversation_id, services.instance, services.store, services.mentions)

    def publish_message(self, entry: MessageEntry) -> None:
        self._services.publisher.publish_entry(entry)
        self._services.summary_writer.add_entry(entry)

    def notify_mentions(self, entry: MessageEntry) -> None:
        """Notify the mentioned members in the background, then remove the pending effect."""
        if self._state.roster is None:
            return
        self._services.mentions.notify_later(
            entry,
            self._state.roster.members.keys(),
            # A failed notification leaves the effect to the sweeper.
            lambda notified: (
                self.pending.remove_mentions_in_background(entry.attempt_id) if notified else None
            ),
        )

    async def apply_membership(self, entry: MessageEntry, change: MembershipChange) -> None:
        """Publish a membership entry, project it, then notify the users who joined or left.

        Raises `Unavailable` if it could not be projected; the next catch-up projects it.
        """
        self._state.apply_membership(entry)
        added = change.user if isinstance(change, AddMember | AddByRule) else None
        self._services.publisher.publish_entry(entry, {added.id: added} if added is not None else {})
        self._services.summary_writer.add_entry(entry)
        await self._state.project()
        assert self._state.record is not None
        await self._services.membership_notifier.notify_change(self._state.record, entry)
        if entry.membership is not None and entry.membership.left:
            self._services.mentions.withdraw_conversation(entry.conversation_id, entry.membership.left)

    async def apply_message_change(self, entry: ChangeEntry, message: MessageEntry) -> MessageEntry:
        """Apply a change to its message, publish the message and return it. Raises `Unavailable`."""
        await self._state.apply_change(entry)
        newest = await self._services.store.page_messages(entry.conversation_id, entry.seq, 0, 1, newest=True)
        changed = with_message_state(message, entry.seq, entry.state)
        self._services.publisher.publish_change(changed)
        self._services.summary_writer.add_change(entry, newest[0])
        if changed.deleted_at_ms is not None and message.mentions:
            self._services.mentions.withdraw_message(message)
        return changed
