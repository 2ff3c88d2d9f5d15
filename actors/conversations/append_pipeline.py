"""Appends the commands of one conversation to its log, one batch at a time.

    queue -> batch -> log writer -> AppendResult -> room, replies
      |                                  |
      +--> forwarded for a while to      +--> seq conflict: catch up, check again, assign new seqs
           the instance that writes

Entries get the seqs above the known head. No lock is held: the store's unique index on the seq rejects an
entry whose seq another instance took. Messages of one sender keep their order on both paths. A command is
answered as stored only after the store confirmed it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from actors.conversations.append_queue import AppendQueue
from actors.conversations.commands import (
    ChangeMembership,
    ChangeMessage,
    ForwardResult,
    PendingAppend,
    Send,
)
from actors.conversations.conversation_dependencies import ConversationDependencies
from actors.conversations.conversation_state import ConversationState
from actors.conversations.entries import build_entry
from actors.conversations.entry_effects import EntryEffects
from actors.conversations.errors import (
    busy,
    id_collision,
    message_not_found,
    outcome_unknown,
    overdue,
    to_api_error,
)
from actors.conversations.forwarding_state import ForwardingState, can_forward
from actors.conversations.log_reader import find_message
from actors.conversations.log_writer import LogBatch
from actors.conversations.message_changes import MessageChange
from actors.protocol.errors import ApiError
from storage.contracts.message_log import Appended, Duplicates, MessageEntry, SeqConflict
from storage.errors import Unavailable

CONFLICTS_AT_ONE_SEQ_MAX = 20
"""Seq conflicts without progress after which a command is refused. Reads of the log may lag its writes."""


class AppendPipeline:
    """Turns the commands of one conversation into log entries.

    The log writer calls `on_appended` from outside the actor. The callback must post the result to the
    conversation's mailbox, which passes it to `on_append_result`.
    """

    __slots__ = (
        "_append_queue",
        "_conflict_seq",
        "_conflicts_at_seq",
        "_dependencies",
        "_effects",
        "_forwarding",
        "_id",
        "_in_flight",
        "_on_appended",
        "_queued",
        "_state",
        "_time",
    )

    def __init__(
        self,
        conversation_id: str,
        dependencies: ConversationDependencies,
        state: ConversationState,
        on_appended: Callable[[Appended | None], None],
    ) -> None:
        self._id = conversation_id
        self._dependencies = dependencies
        self._state = state
        self._on_appended = on_appended
        self._append_queue = AppendQueue(
            dependencies.limits.drafts_queued,
            dependencies.limits.drafts_age_ms / 1000,
            lambda: dependencies.log_writer.is_overloaded,
        )
        self._queued = self._append_queue.items
        self._in_flight: list[PendingAppend] | None = None
        self._conflict_seq = 0
        self._conflicts_at_seq = 0
        self._forwarding = ForwardingState()
        self._time = asyncio.get_running_loop().time
        self._effects = EntryEffects(conversation_id, dependencies, state)

    @property
    def busy(self) -> bool:
        return bool(self._in_flight or self._queued or self._forwarding.in_flight)

    @property
    def unstored_count(self) -> int:
        """The number of commands that wait for their entry: queued, in flight or forwarded."""
        return len(self._queued) + len(self._in_flight or ()) + self._forwarding.in_flight

    @property
    def is_writing(self) -> bool:
        """Whether the log writer has a batch of this conversation."""
        return self._in_flight is not None

    def on_remote_append(self, instance: str) -> None:
        """Another instance stored an entry."""
        self._forwarding.last_writer = instance

    def fail_all(self, reason: Exception) -> None:
        """Refuse all commands that are queued, recalled or in a batch. Those in a batch may be stored.

        Forwarded drafts stay with the `DraftForwarder`, whose result answers them.
        """
        for pending in self._in_flight or ():
            pending.refused(outcome_unknown())
        for pending in [*self._forwarding.take_recalled(), *self._queued]:
            # One with an entry was in a batch, which may be stored.
            pending.refused(to_api_error(reason) if pending.entry is None else outcome_unknown())
        self._in_flight = None
        self._append_queue.clear()

    def enqueue_send(self, command: Send) -> Coroutine[Any, Any, None] | None:
        if self._append_queue.has_attempt(command.draft):
            return None
        return self._advance() if self._append_queue.add_send(command) else None

    async def enqueue_with_effects(self, command: Send | ChangeMembership) -> None:
        """Record that a command has notifications, then enqueue it. Refuse it if that cannot be recorded."""
        if isinstance(command, Send) and self._append_queue.has_attempt(command.draft):
            return
        try:
            command = await self._effects.record_pending_effect(command)
        except Unavailable as error:
            command.reply.refused(to_api_error(error))
            return
        work = self.enqueue_send(command) if isinstance(command, Send) else self._enqueue(command)
        if work is not None:
            await work

    def enqueue_message_change(self, command: ChangeMessage) -> Coroutine[Any, Any, None] | None:
        return self._enqueue(command)

    def _enqueue(self, command: ChangeMessage | ChangeMembership) -> Coroutine[Any, Any, None] | None:
        return self._advance() if self._append_queue.add(command) else None

    def _advance(self) -> Coroutine[Any, Any, None] | None:
        """Submit the queue, catching up first if another instance wrote.

        Does nothing while a batch is in flight or drafts are being recalled; their result advances the queue.
        """
        if self._in_flight is not None or self._forwarding.is_recalling:
            return None
        if self._forwarding.update_forwarding():
            self._forward_queued()
        if self._state.needs_catch_up:
            return self._catch_up_and_submit()
        return self._submit_batch()

    def _forward_queued(self) -> None:
        """Forward the drafts at the front of the queue to the instance that writes."""
        target, drafts = self._forwarding.take_forwardable(self._queued)
        if drafts:
            self._dependencies.black_boxes.open(self._id).add("forwarded", target, "", len(drafts))
            self._dependencies.draft_forwarder.forward(target, self._id, drafts)

    def on_forward_result(self, result: ForwardResult) -> Coroutine[Any, Any, None] | None:
        """Answer a forwarded draft from its outcome. Without an outcome, queue it here again."""
        pending, outcome = result.pending, result.outcome
        self._forwarding.record_result(answered=outcome is not None)
        if outcome is None:
            self._forwarding.recall(pending)
        elif outcome.entry is None:
            error = ApiError(
                outcome.code, outcome.detail, retry_after_ms=outcome.retry_after_ms, retry=outcome.retry
            )
            self._append_queue.refuse(pending, error)
        else:
            self._state.observe_head(outcome.entry.seq)
            self._forwarding.record_stored(outcome.entry.sender_id, pending.forward_number)
            self._append_queue.complete(pending, outcome.entry, duplicate=outcome.duplicate)
        if self._forwarding.has_recalled and not self._forwarding.is_recalling:
            self._requeue_recalled()
            return self._advance()
        return None

    def _requeue_recalled(self) -> None:
        """Put drafts without an outcome back at the front, and refuse those whose sender's order is lost.

        The other instance may have refused such a draft, with the outcome lost, and stored a later one of the
        same sender. After a refusal the client retries, and gets the stored message if there is one.
        """
        if self._queued:
            # Entries may be stored before a change that was first in the queue: its message is read again.
            self._queued[0].target_message = None
        for pending in reversed(self._forwarding.take_recalled()):
            assert isinstance(pending.command, Send)
            if self._forwarding.is_overtaken(pending.command.draft.sender_id, pending.forward_number):
                self._append_queue.refuse(pending, busy())
            else:
                self._queued.appendleft(pending)

    def _submit_batch(self) -> Coroutine[Any, Any, None] | None:
        """Assign seqs and submit the front of the queue: a batch of messages, or a single change.

        While forwarding is on, drafts that can be forwarded do not join a batch. They may reach the front
        after a change, after drafts received from another instance, or after a refused command.
        """
        if self._forwarding.is_recalling:
            return None
        batch: list[PendingAppend] = []
        is_forwarding = self._forwarding.update_forwarding()
        while self._queued and len(batch) < self._dependencies.limits.log_batch_entries:
            pending = self._queued[0]
            alone = not isinstance(pending.command, Send)
            if alone and batch:
                break
            if is_forwarding and can_forward(pending):
                if batch:
                    break
                self._forward_queued()
                continue
            if isinstance(pending.command, ChangeMessage) and pending.target_message is None:
                return self._catch_up_and_submit()
            self._queued.popleft()
            if pending.command.deadline < self._time():
                self._append_queue.refuse(pending, overdue())
                continue
            if not self._build_entry(pending, self._state.head + len(batch) + 1):
                continue
            batch.append(pending)
            if alone:
                break
        if batch:
            self._in_flight = batch
            entries = [pending.entry for pending in batch if pending.entry is not None]
            if self._dependencies.is_tracing:
                for pending in batch:
                    if isinstance(pending.command, Send) and pending.command.trace is not None:
                        pending.command.trace.append_started()
            self._dependencies.log_writer.submit(
                LogBatch(entries, self._forwarding.is_contended, self._on_appended)
            )
        return None

    def _build_entry(self, pending: PendingAppend, seq: int) -> bool:
        """Set the entry of a command at `seq`. Answer the command and return False if it gets none."""
        assert self._state.roster is not None
        try:
            pending.entry = build_entry(self._id, seq, pending, self._state.roster)
        except ApiError as error:
            self._append_queue.refuse(pending, error)
            return False
        if pending.entry is None:
            pending.unchanged()
        return pending.entry is not None

    def on_append_result(self, appended: Appended | None) -> Coroutine[Any, Any, None] | None:
        """Answer the batch that the log writer finished, then submit the next one.

        The batch returns to the queue first and commands leave it one by one, so that after a crash
        `fail_all` answers the rest.
        """
        batch, self._in_flight = self._in_flight or [], None
        stored = appended.stored_count if appended is not None else 0
        self._queued.extendleft(reversed(batch))
        if appended is None:
            # The outcome is unknown. Senders retry with the same client_id.
            self._state.mark_uncertain()
            for _ in batch:
                self._append_queue.refuse(self._queued.popleft(), outcome_unknown())
            return self._advance() if self._queued else None
        for _ in range(stored):
            pending = self._queued.popleft()
            if not isinstance(pending.command, Send):
                return self._on_change_stored(pending)
            self._on_message_stored(pending)
        match appended.conflict:
            case Duplicates(entries=entries):
                for entry in entries:
                    self._state.observe_head(entry.seq)
                self._append_queue.answer_duplicates(len(batch) - stored, entries)
            case SeqConflict():
                self._on_seq_conflict()
            case None:
                self._forwarding.record_win()
        return self._advance() if self._queued or self._state.needs_catch_up else None

    def _on_message_stored(self, pending: PendingAppend) -> None:
        entry = pending.entry
        assert isinstance(entry, MessageEntry)
        self._state.head = entry.seq
        trace = pending.command.trace if isinstance(pending.command, Send) else None
        if trace is not None:
            trace.append_ended(is_stored=True)
        self._effects.publish_message(entry, "" if trace is None else trace.traceparent)
        if entry.mentions:
            self._effects.notify_mentions(entry, pending)
        self._append_queue.complete(pending, entry)

    async def _on_change_stored(self, pending: PendingAppend) -> None:
        self._forwarding.record_win()
        await self._effects.complete(pending)
        await self._catch_up_and_submit()

    def _on_seq_conflict(self) -> None:
        """Catch up before the next batch. After many conflicts at one seq, refuse the first command.

        The seq is then taken, but not in the log: the ids of two conversations share the part that is in the
        ids of their entries.
        """
        self._forwarding.record_loss()
        seq = self._state.head + 1
        self._state.observe_head(seq)
        self._dependencies.black_boxes.open(self._id).add("conflict", "", "", seq)
        self._conflicts_at_seq = self._conflicts_at_seq + 1 if seq == self._conflict_seq else 1
        self._conflict_seq = seq
        if self._conflicts_at_seq >= CONFLICTS_AT_ONE_SEQ_MAX:
            self._conflicts_at_seq = 0
            self._append_queue.refuse(self._queued.popleft(), id_collision())

    async def _catch_up_and_submit(self) -> None:
        """Catch up if needed, then submit the queue. Without the store, refuse the queue."""
        try:
            if self._state.needs_catch_up:
                await self._state.catch_up()
        except Unavailable as error:
            while self._queued:
                self._append_queue.refuse(self._queued.popleft(), to_api_error(error))
            return
        while self._queued and isinstance(self._queued[0].command, ChangeMessage):
            if await self._load_target_message(self._queued[0], self._queued[0].command.change):
                break
        work = self._submit_batch()
        if work is not None:
            await work

    async def _load_target_message(self, pending: PendingAppend, change: MessageChange) -> bool:
        """Read the message to change. Without it or the store, refuse the command and return False."""
        try:
            message = await find_message(self._dependencies.store, change.message_id)
            if message is not None and message.conversation_id == self._id:
                await self._effects.record_withdrawal(pending, message)
                pending.target_message = message
                return True
            api_error = message_not_found()
        except Unavailable as error:
            api_error = to_api_error(error)
        self._queued.remove(pending)
        pending.refused(api_error)
        return False
