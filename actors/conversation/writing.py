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

from actors.conversation.answers import busy, conflict, not_found, refusal_of
from actors.conversation.entries import change_entry, system_entry, text_entry
from actors.conversation.handing import Handing
from actors.conversation.house import House
from actors.conversation.ledger import Ledger
from actors.conversation.letters import Add, Admit, Amend, Draft, Returned, Revise, Revision, Send
from actors.conversation.log_writer import Run
from actors.conversation.pending import Pending
from actors.conversation.revision import revise, revised, same_message
from actors.conversation.roster import Roster
from actors.wire.moment import now_ms
from actors.wire.refusal import Refusal
from storage.errors import Unavailable
from storage.records.identifiers import is_id
from storage.records.messaging import Appended, ChangeEntry, Duplicate, Entry, Intent, MessageEntry, Taken


class Writing:
    """`written_to` is called by the log writer and leads, through the mailbox, to `written`."""

    __slots__ = (
        "_handing",
        "_house",
        "_id",
        "_ledger",
        "_recalled",
        "_run",
        "_sends",
        "_waiting",
        "_written_to",
    )

    def __init__(
        self,
        conversation_id: str,
        house: House,
        ledger: Ledger,
        written_to: Callable[[Appended | None], None],
    ) -> None:
        self._id = conversation_id
        self._house = house
        self._ledger = ledger
        self._written_to = written_to
        self._waiting: deque[Pending] = deque()
        self._run: list[Pending] | None = None
        self._sends: dict[tuple[str, str], Pending] = {}
        self._handing = Handing()
        # Handed over and not answered: older than all that waits.
        self._recalled: list[Pending] = []

    @property
    def busy(self) -> bool:
        return bool(self._run or self._waiting or self._handing.out)

    @property
    def under_way(self) -> bool:
        """Whether a run is with the log writer."""
        return self._run is not None

    def other_wrote(self, instance: str) -> None:
        """Another instance stored an entry."""
        self._handing.writer = instance

    def abandon(self, reason: Exception) -> None:
        """Tell everybody who waits here that this is the end of it."""
        for pending in [*(self._run or ()), *self._recalled, *self._waiting]:
            pending.refused(refusal_of(reason))
        self._run = None
        self._waiting.clear()
        self._recalled.clear()
        self._sends.clear()

    def admit(self, letter: Send) -> Coroutine[Any, Any, None] | None:
        draft = letter.draft
        key = (draft.sender_id, draft.client_id)
        under_way = self._sends.get(key)
        if under_way is not None:
            if _same_draft(under_way, draft):
                under_way.join(letter.reply)
            else:
                letter.reply.refused(conflict())
        elif self._enqueue(letter):
            self._sends[key] = self._waiting[-1]
            return self._proceed()
        return None

    async def mention(self, letter: Send) -> None:
        """Note first that there is somebody to notify: should this process die, another one does."""
        try:
            await self._house.store.intend(self._mention(letter.draft.draft))
        except Unavailable as error:
            letter.reply.refused(refusal_of(error))
            return
        work = self.admit(letter)
        if work is not None:
            await work

    async def amend(self, letter: Amend) -> None:
        """Note first that there is something to tell: should this process die, another one tells it."""
        try:
            await self._house.store.intend(self._intent())
        except Unavailable as error:
            letter.reply.refused(refusal_of(error))
            return
        if self._enqueue(letter):
            work = self._proceed()
            if work is not None:
                await work

    def revise(self, letter: Revise) -> Coroutine[Any, Any, None] | None:
        return self._proceed() if self._enqueue(letter) else None

    def _intent(self) -> Intent:
        return Intent(self._id, self._house.instance, self._ledger.head, now_ms())

    def _mention(self, draft: int) -> Intent:
        """One for each message that names somebody, so that each is settled by itself."""
        return Intent(self._id, f"{self._house.instance}:{draft}", self._ledger.head, now_ms())

    async def _settle_intent(self) -> None:
        """Every amendment that was begun here is told, or was refused."""
        if not any(isinstance(pending.letter, Amend) for pending in self._waiting):
            await self._settle(self._intent())

    def _enqueue(self, letter: Send | Revise | Amend) -> bool:
        if len(self._waiting) >= self._house.limits.drafts_waiting:
            letter.reply.refused(busy())
            return False
        self._waiting.append(Pending(letter))
        return True

    def _proceed(self) -> Coroutine[Any, Any, None] | None:
        """Submit what waits, after reading the log where others wrote; later, where a run is under way."""
        if self._run is not None or self._handing.recalling:
            return None
        if self._handing.wanted():
            self._hand_over()
        if self._ledger.behind:
            return self._go_on()
        return self._submit()

    def _hand_over(self) -> None:
        """Give the drafts at the front to the one who writes."""
        handed: list[Pending] = []
        while self._waiting and _may_be_handed(self._waiting[0]):
            handed.append(self._waiting.popleft())
        if handed:
            to, first = self._handing.given(len(handed))
            for number, pending in enumerate(handed, first):
                pending.handed = number
            self._house.relay.hand(to, self._id, handed)

    def returned(self, letter: Returned) -> Coroutine[Any, Any, None] | None:
        """A draft that was handed over comes back with its outcome, or without: then it is ours again."""
        pending, outcome = letter.pending, letter.outcome
        self._handing.back(answered=outcome is not None)
        if outcome is None:
            self._recalled.append(pending)
        elif outcome.entry is None:
            refusal = Refusal(
                outcome.code, outcome.detail, retry_after_ms=outcome.retry_after_ms, retry=outcome.retry
            )
            self._refused(pending, refusal)
        else:
            self._ledger.reaches(outcome.entry.seq)
            self._handing.stored(outcome.entry.sender_id, pending.handed)
            self._sends.pop((outcome.entry.sender_id, outcome.entry.client_id), None)
            pending.stored(outcome.entry, duplicate=outcome.duplicate)
        if self._recalled and not self._handing.recalling:
            self._take_back()
            return self._proceed()
        return None

    def _take_back(self) -> None:
        """What nobody answered for goes first again, but for what came too late to keep its sender's order.

        The other instance may have refused it, which was not heard, and stored what was said after it. Saying
        it again finds out.
        """
        recalled, self._recalled = self._recalled, []
        for pending in reversed(recalled):
            assert isinstance(pending.letter, Send)
            if self._handing.overtaken(pending.letter.draft.sender_id, pending.handed):
                self._refused(pending, busy())
            else:
                self._waiting.appendleft(pending)

    def _submit(self) -> Coroutine[Any, Any, None] | None:
        """Number what waits and hand it to the log writer: a run of messages, or one change alone.

        Messages that follow others to the instance that writes are in no run, wherever they come up: behind
        a change, behind what that instance handed to us, or behind what was refused.
        """
        if self._handing.recalling:
            return None
        run: list[Pending] = []
        handing = self._handing.wanted()
        while self._waiting and len(run) < self._house.limits.log_batch_entries:
            pending = self._waiting[0]
            alone = not isinstance(pending.letter, Send)
            if alone and run:
                break
            if handing and _may_be_handed(pending):
                if run:
                    break
                self._hand_over()
                continue
            if isinstance(pending.letter, Revise) and pending.message is None:
                return self._go_on()
            self._waiting.popleft()
            pending.entry = self._entry(pending, self._ledger.head + len(run) + 1)
            if pending.entry is None:
                continue
            run.append(pending)
            if alone:
                break
        if run:
            self._run = run
            entries = [pending.entry for pending in run if pending.entry is not None]
            self._house.log.submit(Run(entries, self._handing.contended, self._written_to))
        return None

    def _entry(self, pending: Pending, seq: int) -> Entry | None:
        """The entry that a letter becomes at `seq`; None when it was answered instead."""
        letter, roster = pending.letter, self._ledger.roster
        assert roster is not None
        if isinstance(letter, Send):
            if letter.draft.sender_id in roster.members:
                return text_entry(self._id, seq, letter.draft)
            self._refused(pending, not_found())
            return None
        try:
            if isinstance(letter, Revise):
                return self._change(letter, pending, roster, seq)
            plan = roster.plan(letter.amendment)
        except Refusal as refusal:
            self._refused(pending, refusal)
            return None
        if plan is None:
            letter.reply.unchanged()
            return None
        membership, said = plan
        return system_entry(self._id, seq, letter.amendment, membership, said)

    def _change(self, letter: Revise, pending: Pending, roster: Roster, seq: int) -> ChangeEntry | None:
        message = pending.message
        assert message is not None
        if letter.user_id not in roster.members:
            raise not_found()
        effect = revise(message, letter.user_id, letter.revision, roster, now_ms())
        if effect is None:
            pending.stored(message, duplicate=True)
            return None
        return change_entry(self._id, seq, letter.user_id, message.id, effect)

    def written(self, appended: Appended | None) -> Coroutine[Any, Any, None] | None:
        """The log writer is done. What is not yet answered waits: should this crash, nobody is forgotten."""
        run, self._run = self._run or [], None
        stored = appended.stored if appended is not None else 0
        self._waiting.extendleft(reversed(run))
        if appended is None:
            # Nothing is known of these: their senders try again under the same client_id.
            self._ledger.doubt()
            for _ in run:
                self._refused(self._waiting.popleft(), refusal_of(Unavailable()))
            return self._proceed() if self._waiting else None
        for _ in range(stored):
            pending = self._waiting.popleft()
            if isinstance(pending.letter, Amend):
                return self._amended(pending)
            if isinstance(pending.letter, Revise):
                return self._revised(pending)
            self._stored(pending)
        match appended.refused:
            case Duplicate(entry=entry):
                self._duplicate(self._waiting.popleft(), entry)
            case Taken():
                self._handing.lost()
                self._ledger.reaches(self._ledger.head + 1)
            case None:
                self._handing.won()
        return self._proceed() if self._waiting or self._ledger.behind else None

    def _stored(self, pending: Pending) -> None:
        entry = pending.entry
        assert isinstance(entry, MessageEntry)
        self._ledger.head = entry.seq
        self._house.publisher.stored(entry)
        self._house.summaries.note(entry)
        self._sends.pop((entry.sender_id, entry.client_id), None)
        pending.stored(entry)
        if entry.mentions and self._ledger.roster is not None:
            self._house.mentions.tell(
                entry,
                self._ledger.roster.members.keys(),
                lambda told: self._mentioned(entry.draft) if told else None,
            )

    def _mentioned(self, draft: int) -> None:
        """Those whom a message names are notified; where they are not, whoever finds the intent does it."""
        self._house.mentions.spawn(self._settle(self._mention(draft)))

    async def _settle(self, intent: Intent) -> None:
        with contextlib.suppress(Unavailable):
            await self._house.store.settle(intent.key)

    async def _amended(self, pending: Pending) -> None:
        """The amendment is in the log: bring the document up, tell those it concerns, then say so."""
        entry, letter = pending.entry, pending.letter
        assert isinstance(entry, MessageEntry)
        assert isinstance(letter, Amend)
        self._handing.won()
        self._ledger.apply(entry)
        added = letter.amendment.user if isinstance(letter.amendment, Add | Admit) else None
        self._house.publisher.stored(entry, {added.id: added} if added is not None else {})
        self._house.summaries.note(entry)
        try:
            await self._ledger.project()
        except Unavailable as error:
            # It is in the log and will be projected by whoever wakes; only this caller does not know.
            self._ledger.doubt()
            pending.refused(refusal_of(error))
        else:
            assert self._ledger.record is not None
            await self._house.announcer.announce(self._ledger.record, entry)
            await self._settle_intent()
            pending.stored(entry)
        await self._go_on()

    async def _revised(self, pending: Pending) -> None:
        """The change is in the log: bring its message up, tell the members, then say so."""
        entry, message = pending.entry, pending.message
        assert isinstance(entry, ChangeEntry)
        assert message is not None
        self._handing.won()
        try:
            await self._ledger.change(entry)
            newest = await self._house.store.page(self._id, entry.seq, 0, 1, newest=True)
        except Unavailable as error:
            self._ledger.doubt()
            pending.refused(refusal_of(error))
        else:
            now = revised(message, entry.seq, entry.effect)
            self._house.publisher.changed(now)
            self._house.summaries.note_change(entry, newest[0])
            pending.stored(now)
        await self._go_on()

    def _duplicate(self, pending: Pending, entry: Entry) -> None:
        letter = pending.letter
        self._ledger.reaches(entry.seq)
        if not isinstance(letter, Send) or not isinstance(entry, MessageEntry):
            self._refused(pending, conflict())
            return
        if not same_message(entry, letter.draft):
            self._refused(pending, conflict())
            return
        self._sends.pop((letter.draft.sender_id, letter.draft.client_id), None)
        # Our own attempt, stored after we had stopped waiting for it, is no duplicate to its sender.
        pending.stored(entry, duplicate=entry.draft != letter.draft.draft)

    def _refused(self, pending: Pending, refusal: Refusal) -> None:
        if isinstance(pending.letter, Send):
            draft = pending.letter.draft
            self._sends.pop((draft.sender_id, draft.client_id), None)
        pending.refused(refusal)

    async def _go_on(self) -> None:
        """Catch up if need be, then submit what waits; without the store, refuse what waits."""
        try:
            if self._ledger.behind:
                await self._ledger.catch_up()
        except Unavailable as error:
            while self._waiting:
                self._refused(self._waiting.popleft(), refusal_of(error))
            return
        while self._waiting and isinstance(self._waiting[0].letter, Revise):
            if await self._prepare(self._waiting[0], self._waiting[0].letter.revision):
                break
        work = self._submit()
        if work is not None:
            await work

    async def _prepare(self, pending: Pending, revision: Revision) -> bool:
        """Read the message that a revision is about; refuse the revision where there is none."""
        try:
            ids = [revision.message_id] if is_id(revision.message_id) else []
            found = await self._house.store.messages(ids)
        except Unavailable as error:
            refusal = refusal_of(error)
        else:
            if found and found[0].conversation_id == self._id:
                pending.message = found[0]
                return True
            refusal = Refusal("message.not_found", "There is no such message in this conversation.")
        self._waiting.remove(pending)
        pending.refused(refusal)
        return False


def _may_be_handed(pending: Pending) -> bool:
    """Messages of our own; what was handed to us is ours to store."""
    return isinstance(pending.letter, Send) and not pending.letter.relayed


def _same_draft(pending: Pending, draft: Draft) -> bool:
    first = pending.letter
    return (
        isinstance(first, Send)
        and first.draft.content == draft.content
        and set(first.draft.mentions) == set(draft.mentions)
        and first.draft.reply_to == draft.reply_to
    )
