"""The way of letters into the log: one run at a time, numbered above the known head.

    waiting -> run -> log writer -> written -> room, replies
       |                               |
       +--> handed to the instance     +--> refused: read what was missed, check again, number anew
            that writes, for a while

The unique index is the fence, no lock is held. A sender's messages keep their order whichever way they
go. It never answers `stored` before the store has said so.
"""

import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from actors.conversations.commands import (
    AddByRule,
    AddMember,
    ChangeMembership,
    ChangeMessage,
    Draft,
    ForwardResult,
    MessageChange,
    Send,
)
from actors.conversations.conversation_services import ConversationServices
from actors.conversations.conversation_state import ConversationState
from actors.conversations.entries import change_entry, system_entry, text_entry
from actors.conversations.errors import busy, client_id_conflict, not_found, to_api_error
from actors.conversations.forwarding_state import ForwardingState
from actors.conversations.log_writer import LogBatch
from actors.conversations.message_changes import is_same_message, plan_message_change, with_message_state
from actors.conversations.pending_append import PendingAppend
from actors.conversations.roster import Roster
from actors.protocol.errors import ApiError
from actors.protocol.timestamps import now_ms
from storage.contracts.identifiers import is_id
from storage.contracts.messaging import (
    Appended,
    ChangeEntry,
    Duplicate,
    Entry,
    MessageEntry,
    PendingEffect,
    SeqConflict,
)
from storage.errors import Unavailable


class AppendPipeline:
    """`written_to` is called by the log writer and leads, through the mailbox, to `written`."""

    __slots__ = (
        "_forwarding",
        "_id",
        "_in_flight",
        "_on_appended",
        "_pending_sends",
        "_queue",
        "_recalled",
        "_services",
        "_state",
    )

    def __init__(
        self,
        conversation_id: str,
        services: ConversationServices,
        state: ConversationState,
        on_appended: Callable[[Appended | None], None],
    ) -> None:
        self._id = conversation_id
        self._services = services
        self._state = state
        self._on_appended = on_appended
        self._queue: deque[PendingAppend] = deque()
        self._in_flight: list[PendingAppend] | None = None
        self._pending_sends: dict[tuple[str, str], PendingAppend] = {}
        self._forwarding = ForwardingState()
        # Handed over and not answered: older than all that waits.
        self._recalled: list[PendingAppend] = []

    @property
    def busy(self) -> bool:
        return bool(self._in_flight or self._queue or self._forwarding.in_flight)

    @property
    def is_writing(self) -> bool:
        """Whether a run is with the log writer."""
        return self._in_flight is not None

    def on_remote_append(self, instance: str) -> None:
        """Another instance stored an entry."""
        self._forwarding.last_writer = instance

    def fail_all(self, reason: Exception) -> None:
        """Tell everybody who waits here that this is the end of it."""
        for pending in [*(self._in_flight or ()), *self._recalled, *self._queue]:
            pending.refused(to_api_error(reason))
        self._in_flight = None
        self._queue.clear()
        self._recalled.clear()
        self._pending_sends.clear()

    def enqueue_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        draft = command.draft
        key = (draft.sender_id, draft.client_id)
        under_way = self._pending_sends.get(key)
        if under_way is not None:
            if _is_same_draft(under_way, draft):
                under_way.add_reply(command.reply)
            else:
                command.reply.refused(client_id_conflict())
        elif self._enqueue(command):
            self._pending_sends[key] = self._queue[-1]
            return self._advance()
        return None

    async def enqueue_send_with_mentions(self, command: Send) -> None:
        """Note first that there is somebody to notify: should this process die, another one does."""
        try:
            await self._services.store.add_pending_effect(self._mention_effect(command.draft.attempt_id))
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        work = self.enqueue_send(command)
        if work is not None:
            await work

    async def enqueue_membership_change(self, command: ChangeMembership) -> None:
        """Note first that there is something to tell: should this process die, another one tells it."""
        try:
            await self._services.store.add_pending_effect(self._membership_effect())
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        if self._enqueue(command):
            work = self._advance()
            if work is not None:
                await work

    def enqueue_message_change(self, command: ChangeMessage) -> Coroutine[Any, Any, None] | None:
        return self._advance() if self._enqueue(command) else None

    def _membership_effect(self) -> PendingEffect:
        return PendingEffect(self._id, self._services.instance, self._state.head, now_ms())

    def _mention_effect(self, attempt_id: int) -> PendingEffect:
        """One for each message that names somebody, so that each is settled by itself."""
        return PendingEffect(self._id, f"{self._services.instance}:{attempt_id}", self._state.head, now_ms())

    async def _settle_membership_effect(self) -> None:
        """Every amendment that was begun here is told, or was refused."""
        if not any(isinstance(pending.command, ChangeMembership) for pending in self._queue):
            await self._settle_effect(self._membership_effect())

    def _enqueue(self, command: Send | ChangeMessage | ChangeMembership) -> bool:
        if len(self._queue) >= self._services.limits.drafts_queued:
            command.reply.refused(busy())
            return False
        self._queue.append(PendingAppend(command))
        return True

    def _advance(self) -> Coroutine[Any, Any, None] | None:
        """Submit what waits, after reading the log where others wrote; later, where a run is under way."""
        if self._in_flight is not None or self._forwarding.is_recalling:
            return None
        if self._forwarding.should_forward():
            self._forward_queued()
        if self._state.needs_catch_up:
            return self._catch_up_and_submit()
        return self._submit_batch()

    def _forward_queued(self) -> None:
        """Give the drafts at the front to the one who writes."""
        handed: list[PendingAppend] = []
        while self._queue and _can_forward(self._queue[0]):
            handed.append(self._queue.popleft())
        if handed:
            to, first = self._forwarding.start_forward(len(handed))
            for number, pending in enumerate(handed, first):
                pending.forward_number = number
            self._services.draft_forwarder.forward(to, self._id, handed)

    def on_forward_result(self, result: ForwardResult) -> Coroutine[Any, Any, None] | None:
        """A draft that was handed over comes back with its outcome, or without: then it is ours again."""
        pending, outcome = result.pending, result.outcome
        self._forwarding.record_result(answered=outcome is not None)
        if outcome is None:
            self._recalled.append(pending)
        elif outcome.entry is None:
            refusal = ApiError(
                outcome.code, outcome.detail, retry_after_ms=outcome.retry_after_ms, retry=outcome.retry
            )
            self._refuse(pending, refusal)
        else:
            self._state.observe_head(outcome.entry.seq)
            self._forwarding.record_stored(outcome.entry.sender_id, pending.forward_number)
            self._pending_sends.pop((outcome.entry.sender_id, outcome.entry.client_id), None)
            pending.stored(outcome.entry, duplicate=outcome.duplicate)
        if self._recalled and not self._forwarding.is_recalling:
            self._requeue_recalled()
            return self._advance()
        return None

    def _requeue_recalled(self) -> None:
        """What nobody answered for goes first again, but for what came too late to keep its sender's order.

        The other instance may have refused it, which was not heard, and stored what was said after it. Saying
        it again finds out.
        """
        recalled, self._recalled = self._recalled, []
        for pending in reversed(recalled):
            assert isinstance(pending.command, Send)
            if self._forwarding.is_overtaken(pending.command.draft.sender_id, pending.forward_number):
                self._refuse(pending, busy())
            else:
                self._queue.appendleft(pending)

    def _submit_batch(self) -> Coroutine[Any, Any, None] | None:
        """Number what waits and hand it to the log writer: a run of messages, or one change alone.

        Messages that follow others to the instance that writes are in no run, wherever they come up: behind
        a change, behind what that instance handed to us, or behind what was refused.
        """
        if self._forwarding.is_recalling:
            return None
        run: list[PendingAppend] = []
        handing = self._forwarding.should_forward()
        while self._queue and len(run) < self._services.limits.log_batch_entries:
            pending = self._queue[0]
            alone = not isinstance(pending.command, Send)
            if alone and run:
                break
            if handing and _can_forward(pending):
                if run:
                    break
                self._forward_queued()
                continue
            if isinstance(pending.command, ChangeMessage) and pending.target_message is None:
                return self._catch_up_and_submit()
            self._queue.popleft()
            pending.entry = self._build_entry(pending, self._state.head + len(run) + 1)
            if pending.entry is None:
                continue
            run.append(pending)
            if alone:
                break
        if run:
            self._in_flight = run
            entries = [pending.entry for pending in run if pending.entry is not None]
            self._services.log_writer.submit(
                LogBatch(entries, self._forwarding.is_contended, self._on_appended)
            )
        return None

    def _build_entry(self, pending: PendingAppend, seq: int) -> Entry | None:
        """The entry that a letter becomes at `seq`; None when it was answered instead."""
        letter, roster = pending.command, self._state.roster
        assert roster is not None
        if isinstance(letter, Send):
            if letter.draft.sender_id in roster.members:
                return text_entry(self._id, seq, letter.draft)
            self._refuse(pending, not_found())
            return None
        try:
            if isinstance(letter, ChangeMessage):
                return self._build_change_entry(letter, pending, roster, seq)
            plan = roster.plan_change(letter.change)
        except ApiError as refusal:
            self._refuse(pending, refusal)
            return None
        if plan is None:
            letter.reply.unchanged()
            return None
        membership, said = plan
        return system_entry(self._id, seq, letter.change, membership, said)

    def _build_change_entry(
        self, command: ChangeMessage, pending: PendingAppend, roster: Roster, seq: int
    ) -> ChangeEntry | None:
        message = pending.target_message
        assert message is not None
        if command.user_id not in roster.members:
            raise not_found()
        effect = plan_message_change(message, command.user_id, command.change, roster, now_ms())
        if effect is None:
            pending.stored(message, duplicate=True)
            return None
        return change_entry(self._id, seq, command.user_id, message.id, effect)

    def on_append_result(self, appended: Appended | None) -> Coroutine[Any, Any, None] | None:
        """The log writer is done. What is not yet answered waits: should this crash, nobody is forgotten."""
        run, self._in_flight = self._in_flight or [], None
        stored = appended.stored_count if appended is not None else 0
        self._queue.extendleft(reversed(run))
        if appended is None:
            # Nothing is known of these: their senders try again under the same client_id.
            self._state.mark_uncertain()
            for _ in run:
                self._refuse(self._queue.popleft(), to_api_error(Unavailable()))
            return self._advance() if self._queue else None
        for _ in range(stored):
            pending = self._queue.popleft()
            if isinstance(pending.command, ChangeMembership):
                return self._on_membership_change_stored(pending)
            if isinstance(pending.command, ChangeMessage):
                return self._on_message_change_stored(pending)
            self._on_message_stored(pending)
        match appended.conflict:
            case Duplicate(entry=entry):
                self._on_duplicate(self._queue.popleft(), entry)
            case SeqConflict():
                self._forwarding.record_loss()
                self._state.observe_head(self._state.head + 1)
            case None:
                self._forwarding.record_win()
        return self._advance() if self._queue or self._state.needs_catch_up else None

    def _on_message_stored(self, pending: PendingAppend) -> None:
        entry = pending.entry
        assert isinstance(entry, MessageEntry)
        self._state.head = entry.seq
        self._services.publisher.publish_entry(entry)
        self._services.summary_writer.add_entry(entry)
        self._pending_sends.pop((entry.sender_id, entry.client_id), None)
        pending.stored(entry)
        if entry.mentions and self._state.roster is not None:
            self._services.mentions.notify_later(
                entry,
                self._state.roster.members.keys(),
                lambda told: self._on_mentions_notified(entry.attempt_id) if told else None,
            )

    def _on_mentions_notified(self, attempt_id: int) -> None:
        """Those whom a message names are notified; where they are not, whoever finds the intent does it."""
        self._services.mentions.run_in_background(self._settle_effect(self._mention_effect(attempt_id)))

    async def _settle_effect(self, effect: PendingEffect) -> None:
        with contextlib.suppress(Unavailable):
            await self._services.store.remove_pending_effect(effect.key)

    async def _on_membership_change_stored(self, pending: PendingAppend) -> None:
        """The amendment is in the log: bring the document up, tell those it concerns, then say so."""
        entry, letter = pending.entry, pending.command
        assert isinstance(entry, MessageEntry)
        assert isinstance(letter, ChangeMembership)
        self._forwarding.record_win()
        self._state.apply_membership(entry)
        added = letter.change.user if isinstance(letter.change, AddMember | AddByRule) else None
        self._services.publisher.publish_entry(entry, {added.id: added} if added is not None else {})
        self._services.summary_writer.add_entry(entry)
        try:
            await self._state.project()
        except Unavailable as error:
            # It is in the log and will be projected by whoever wakes; only this caller does not know.
            self._state.mark_uncertain()
            pending.refused(to_api_error(error))
        else:
            assert self._state.record is not None
            await self._services.membership_notifier.notify_change(self._state.record, entry)
            await self._settle_membership_effect()
            pending.stored(entry)
        await self._catch_up_and_submit()

    async def _on_message_change_stored(self, pending: PendingAppend) -> None:
        """The change is in the log: bring its message up, tell the members, then say so."""
        entry, message = pending.entry, pending.target_message
        assert isinstance(entry, ChangeEntry)
        assert message is not None
        self._forwarding.record_win()
        try:
            await self._state.apply_change(entry)
            newest = await self._services.store.page_messages(self._id, entry.seq, 0, 1, newest=True)
        except Unavailable as error:
            self._state.mark_uncertain()
            pending.refused(to_api_error(error))
        else:
            now = with_message_state(message, entry.seq, entry.state)
            self._services.publisher.publish_change(now)
            self._services.summary_writer.add_change(entry, newest[0])
            pending.stored(now)
        await self._catch_up_and_submit()

    def _on_duplicate(self, pending: PendingAppend, entry: Entry) -> None:
        letter = pending.command
        self._state.observe_head(entry.seq)
        if not isinstance(letter, Send) or not isinstance(entry, MessageEntry):
            self._refuse(pending, client_id_conflict())
            return
        if not is_same_message(entry, letter.draft):
            self._refuse(pending, client_id_conflict())
            return
        self._pending_sends.pop((letter.draft.sender_id, letter.draft.client_id), None)
        # Our own attempt, stored after we had stopped waiting for it, is no duplicate to its sender.
        pending.stored(entry, duplicate=entry.attempt_id != letter.draft.attempt_id)

    def _refuse(self, pending: PendingAppend, error: ApiError) -> None:
        if isinstance(pending.command, Send):
            draft = pending.command.draft
            self._pending_sends.pop((draft.sender_id, draft.client_id), None)
        pending.refused(error)

    async def _catch_up_and_submit(self) -> None:
        """Catch up if need be, then submit what waits; without the store, refuse what waits."""
        try:
            if self._state.needs_catch_up:
                await self._state.catch_up()
        except Unavailable as error:
            while self._queue:
                self._refuse(self._queue.popleft(), to_api_error(error))
            return
        while self._queue and isinstance(self._queue[0].command, ChangeMessage):
            if await self._load_target_message(self._queue[0], self._queue[0].command.change):
                break
        work = self._submit_batch()
        if work is not None:
            await work

    async def _load_target_message(self, pending: PendingAppend, change: MessageChange) -> bool:
        """Read the message that a revision is about; refuse the revision where there is none."""
        try:
            ids = [change.message_id] if is_id(change.message_id) else []
            found = await self._services.store.find_messages(ids)
        except Unavailable as error:
            refusal = to_api_error(error)
        else:
            if found and found[0].conversation_id == self._id:
                pending.target_message = found[0]
                return True
            refusal = ApiError("message.not_found", "There is no such message in this conversation.")
        self._queue.remove(pending)
        pending.refused(refusal)
        return False


def _can_forward(pending: PendingAppend) -> bool:
    """Messages of our own; what was handed to us is ours to store."""
    return isinstance(pending.command, Send) and not pending.command.forwarded


def _is_same_draft(pending: PendingAppend, draft: Draft) -> bool:
    first = pending.command
    return (
        isinstance(first, Send)
        and first.draft.content == draft.content
        and set(first.draft.mentions) == set(draft.mentions)
        and first.draft.reply_to == draft.reply_to
    )
