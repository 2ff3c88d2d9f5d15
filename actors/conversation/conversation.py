"""A conversation: it gives every draft the next seq, and is the only one here that writes its log.

    letters -> waiting -> run (numbered above the known head) -> log writer -> Written -> room, replies

One run is under way at a time; what comes meanwhile makes the next one. Where another instance took a
seq, it reads what it missed, applies it, checks the waiting drafts again and numbers them anew: the
unique index is the fence, no lock is held. It never answers `stored` before the store has said so.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from actors.conversation.entries import same_message, system_entry, text_entry
from actors.conversation.letters import Add, Amend, Draft, Grown, Letter, Look, Send, Sight, Written
from actors.conversation.log_writer import LogWriter, Run
from actors.conversation.pending import Pending
from actors.conversation.publisher import Publisher
from actors.conversation.roster import Roster
from actors.conversation.summaries import Summaries
from actors.wire.refusal import Refusal, overloaded, unavailable
from config.limits import Limits
from storage.contracts.messaging import MessagingStore
from storage.errors import Unavailable
from storage.records.identifiers import entry_id, is_id
from storage.records.messaging import (
    Appended,
    ConversationRecord,
    Duplicate,
    Entry,
    MessageEntry,
    Taken,
)

RETRY_AFTER_MS = 1000
CATCH_UP_CHUNK = 500
PROJECT_EVERY = 200
"""Entries above the document's state from which on going to sleep brings it up: waking stays quick."""


class Announcer(Protocol):
    """Tells those who came or went, wherever they are."""

    async def announce(self, conversation: ConversationRecord, entry: MessageEntry) -> None:
        """After the document says so too. Never raises: what can not be told now is found by a resync."""


class House:
    """What all conversations of an instance share."""

    __slots__ = ("announcer", "limits", "log", "publisher", "store", "summaries")

    def __init__(
        self,
        store: MessagingStore,
        log: LogWriter,
        publisher: Publisher,
        summaries: Summaries,
        limits: Limits,
        announcer: Announcer,
    ) -> None:
        self.store = store
        self.log = log
        self.publisher = publisher
        self.summaries = summaries
        self.limits = limits
        self.announcer = announcer


class Conversation:
    """Implements `Wakeful[Letter]`. `answer` delivers the log writer's word to its cell."""

    __slots__ = (
        "_answer", "_head", "_house", "_id", "_known", "_loaded", "_losses", "_record", "_roster", "_run",
        "_sends", "_unsure", "_waiting",
    )  # fmt: skip

    def __init__(
        self, conversation_id: str, house: House, answer: "Callable[[Conversation, Written], None]"
    ) -> None:
        self._id = conversation_id
        self._house = house
        self._answer = answer
        self._record: ConversationRecord | None = None
        self._roster: Roster | None = None
        self._loaded = False
        # Stored entries up to `_head` are applied; the log is known to reach `_known`; unsure means: read it.
        self._head = 0
        self._known = 0
        self._unsure = False
        self._losses = 0
        self._waiting: deque[Pending] = deque()
        self._run: list[Pending] | None = None
        self._sends: dict[tuple[str, str], Pending] = {}

    # --- its life

    async def wake(self) -> None:
        try:
            await self._load()
        except Unavailable:
            # Not a crash of ours: each letter tries again, and is refused while the store is away.
            self._loaded = False

    async def sleep(self) -> None:
        if self._record is not None and self._head - self._record.applied_seq >= PROJECT_EVERY:
            await self._project()

    def abandon(self, reason: Exception) -> None:
        for pending in [*(self._run or ()), *self._waiting]:
            pending.refused(_refusal(reason))
        self._run = None
        self._waiting.clear()
        self._sends.clear()

    @property
    def id(self) -> str:
        return self._id

    @property
    def _behind(self) -> bool:
        return self._known > self._head or self._unsure

    @property
    def busy(self) -> bool:
        return bool(self._run or self._waiting)

    # --- its mail

    def receive(self, letter: Letter) -> Coroutine[Any, Any, None] | None:
        if not self._loaded:
            return self._load_for(letter)
        match letter:
            case Send():
                return self._take_send(letter)
            case Written(appended=appended):
                return self._written(appended)
            case Grown():
                self._grown(letter)
                return None
            case Look():
                return self._look(letter)
            case Amend():
                return self._take_amend(letter)

    def refuse(self, message: Letter, reason: Exception) -> None:
        match message:
            case Send(reply=reply) | Amend(reply=reply):
                reply.refused(_refusal(reason))
            case Look(reply=look):
                if not look.done():
                    look.set_exception(_refusal(reason))
            case Grown() | Written():
                pass

    async def _load_for(self, letter: Letter) -> None:
        try:
            await self._load()
        except Unavailable as error:
            self.refuse(letter, error)
            return
        if not self._loaded:
            self.refuse(letter, _not_found())
            return
        work = self.receive(letter)
        if work is not None:
            await work

    def _take_send(self, letter: Send) -> Coroutine[Any, Any, None] | None:
        draft = letter.draft
        if not self._is_member(draft.sender_id):
            return self._look_again(draft.sender_id, letter)
        if draft.reply_to is not None:
            return self._take_answer(letter, draft.reply_to)
        return self._admit(letter)

    async def _look_again(self, user_id: str, letter: Send | Amend) -> None:
        """Somebody unknown: perhaps taken in by another instance a moment ago. Only the log knows."""
        try:
            await self._catch_up()
        except Unavailable as error:
            letter.reply.refused(_refusal(error))
            return
        if not self._is_member(user_id):
            letter.reply.refused(_not_found())
            return
        work = self.receive(letter)
        if work is not None:
            await work

    async def _take_answer(self, letter: Send, reply_to: str) -> None:
        """A draft that answers a message: admitted once that message is seen to be of this conversation."""
        ours = is_id(reply_to) and reply_to[:16] == entry_id(self._id, 0)[:16]
        try:
            if not ours or not await self._house.store.messages([reply_to]):
                detail = "The message to reply to is not in this conversation."
                letter.reply.refused(Refusal("message.not_found", detail))
                return
        except Unavailable as error:
            letter.reply.refused(_refusal(error))
            return
        work = self._admit(letter)
        if work is not None:
            await work

    def _admit(self, letter: Send) -> Coroutine[Any, Any, None] | None:
        draft = letter.draft
        key = (draft.sender_id, draft.client_id)
        under_way = self._sends.get(key)
        if under_way is not None:
            if _same_draft(under_way, draft):
                under_way.join(letter.reply)
            else:
                letter.reply.refused(_conflict())
        elif self._enqueue(letter):
            self._sends[key] = self._waiting[-1]
            return self._proceed()
        return None

    def _take_amend(self, letter: Amend) -> Coroutine[Any, Any, None] | None:
        if not self._is_member(letter.amendment.actor.id):
            return self._look_again(letter.amendment.actor.id, letter)
        if self._enqueue(letter):
            return self._proceed()
        return None

    def _enqueue(self, letter: Send | Amend) -> bool:
        if len(self._waiting) >= self._house.limits.drafts_waiting:
            letter.reply.refused(overloaded("The conversation has all it can take for now.", RETRY_AFTER_MS))
            return False
        self._waiting.append(Pending(letter))
        return True

    def _grown(self, letter: Grown) -> None:
        """Another instance wrote. While nothing of ours is under way, follow it without reading."""
        if letter.seq == self._head + 1 and self._run is None and letter.sender_id and not letter.membership:
            self._head = letter.seq
        self._known = max(self._known, letter.seq)

    async def _look(self, letter: Look) -> None:
        try:
            if self._behind or letter.at_least > self._head or not self._is_member(letter.user_id):
                await self._catch_up()
        except Unavailable as error:
            self.refuse(letter, error)
            return
        if not letter.reply.done():
            count = len(self._roster.members) if self._roster is not None else 0
            letter.reply.set_result(Sight(self._is_member(letter.user_id), self._head, count))

    # --- its way into the log

    def _proceed(self) -> Coroutine[Any, Any, None] | None:
        """Submit what waits, after reading the log where others wrote; later, where a run is under way."""
        if self._run is not None:
            return None
        if self._behind:
            return self._go_on()
        self._submit()
        return None

    def _submit(self) -> None:
        """Number what waits and hand it to the log writer: a run of messages, or one amendment alone."""
        run: list[Pending] = []
        while self._waiting and len(run) < self._house.limits.log_batch_entries:
            amendment = isinstance(self._waiting[0].letter, Amend)
            if amendment and run:
                break
            pending = self._waiting.popleft()
            pending.entry = self._entry(pending, self._head + len(run) + 1)
            if pending.entry is None:
                continue
            run.append(pending)
            if amendment:
                break
        if run:
            self._run = run
            entries = [pending.entry for pending in run if pending.entry is not None]
            self._house.log.submit(Run(entries, self._losses > 0, self._done))

    def _done(self, appended: Appended | None) -> None:
        self._answer(self, Written(appended))

    def _entry(self, pending: Pending, seq: int) -> MessageEntry | None:
        """The entry that a letter becomes at `seq`; None when it was answered instead."""
        letter, roster = pending.letter, self._roster
        assert roster is not None
        if isinstance(letter, Send):
            if letter.draft.sender_id in roster.members:
                return text_entry(self._id, seq, letter.draft)
            self._refused(pending, _not_found())
            return None
        try:
            plan = roster.plan(letter.amendment)
        except Refusal as refusal:
            self._refused(pending, refusal)
            return None
        if plan is None:
            letter.reply.unchanged()
            return None
        membership, said = plan
        return system_entry(self._id, seq, letter.amendment, membership, said)

    def _written(self, appended: Appended | None) -> Coroutine[Any, Any, None] | None:
        run, self._run = self._run or [], None
        if appended is None:
            # Nothing is known of these: their senders try again under the same client_id.
            self._unsure = True
            for pending in run:
                self._refused(pending, unavailable("The message store did not answer in time."))
            return self._proceed() if self._waiting else None
        for pending in run[: appended.stored]:
            if isinstance(pending.letter, Amend):
                return self._amended(pending)
            self._stored(pending)
        rest = run[appended.stored :]
        match appended.refused:
            case Duplicate(entry=entry):
                self._duplicate(rest.pop(0), entry)
            case Taken():
                self._losses += 1
                self._known = max(self._known, self._head + 1)
            case None:
                self._losses = 0
        self._waiting.extendleft(reversed(rest))
        return self._proceed() if self._waiting or self._behind else None

    def _stored(self, pending: Pending) -> None:
        entry = pending.entry
        assert entry is not None
        self._head = entry.seq
        self._house.publisher.stored(entry)
        self._house.summaries.note(entry)
        self._sends.pop((entry.sender_id, entry.client_id), None)
        pending.stored(entry)

    async def _amended(self, pending: Pending) -> None:
        """The amendment is in the log: bring the document up, tell those it concerns, then say so."""
        entry, letter = pending.entry, pending.letter
        assert entry is not None
        assert isinstance(letter, Amend)
        self._losses = 0
        self._apply(entry)
        added = letter.amendment.user if isinstance(letter.amendment, Add) else None
        self._house.publisher.stored(entry, {added.id: added} if added is not None else {})
        self._house.summaries.note(entry)
        try:
            await self._project()
        except Unavailable as error:
            # It is in the log and will be projected by whoever wakes; only this caller does not know.
            self._loaded = False
            pending.refused(_refusal(error))
        else:
            assert self._record is not None
            await self._house.announcer.announce(self._record, entry)
            pending.stored(entry)
        await self._go_on()

    def _duplicate(self, pending: Pending, entry: Entry) -> None:
        letter = pending.letter
        self._known = max(self._known, entry.seq)
        if not isinstance(letter, Send) or not isinstance(entry, MessageEntry):
            self._refused(pending, _conflict())
            return
        if not same_message(entry, letter.draft):
            self._refused(pending, _conflict())
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
            if self._behind:
                await self._catch_up()
        except Unavailable as error:
            while self._waiting:
                self._refused(self._waiting.popleft(), _refusal(error))
            return
        self._submit()

    # --- what it knows

    def _is_member(self, user_id: str) -> bool:
        return self._roster is not None and user_id in self._roster.members

    async def _load(self) -> None:
        record = await self._house.store.get(self._id)
        if record is not None:
            self._record = record
            self._roster = Roster(record)
            self._head = record.applied_seq
            amended = await self._catch_up()
            if amended:
                # A process died between the entry and its projection: heal it.
                await self._project()
        self._loaded = record is not None

    async def _catch_up(self) -> bool:
        """Read and apply the entries above the head; tell whether membership changed among them."""
        amended = False
        while self._record is not None:
            entries = await self._house.store.read(self._id, self._head, self._head + CATCH_UP_CHUNK)
            amended = self._follow(entries) or amended
            if len(entries) < CATCH_UP_CHUNK:
                break
        self._known = self._head
        self._unsure = False
        self._house.publisher.grown(self._id, self._head)
        return amended

    def _follow(self, entries: Sequence[Entry]) -> bool:
        amended = False
        for entry in entries:
            self._head = entry.seq
            if self._record is not None and entry.seq > self._record.last_seq:
                self._house.summaries.note(entry)
            if isinstance(entry, MessageEntry) and entry.membership is not None:
                self._apply(entry)
                amended = True
        return amended

    def _apply(self, entry: MessageEntry) -> None:
        assert self._roster is not None
        assert entry.membership is not None
        self._head = entry.seq
        self._roster.apply(entry.membership)

    async def _project(self) -> None:
        assert self._record is not None
        assert self._roster is not None
        self._record = self._roster.record(self._record, self._head)
        await self._house.store.project(self._record)


def _same_draft(pending: Pending, draft: Draft) -> bool:
    first = pending.letter
    return (
        isinstance(first, Send)
        and first.draft.content == draft.content
        and set(first.draft.mentions) == set(draft.mentions)
        and first.draft.reply_to == draft.reply_to
    )


def _not_found() -> Refusal:
    return Refusal("conversation.not_found", "There is no such conversation.")


def _conflict() -> Refusal:
    return Refusal("idempotency.conflict", "This client_id was used for another message.")


def _refusal(reason: Exception) -> Refusal:
    if isinstance(reason, Refusal):
        return reason
    if isinstance(reason, Unavailable):
        return unavailable("The message store did not answer in time.")
    return overloaded("The conversation is not able to answer now.", RETRY_AFTER_MS)
