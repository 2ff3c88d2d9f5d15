"""A conversation: who may speak in it, and what is asked of it, one letter at a time.

    Send, Amend -> a member? -> Writing -> log writer -> Written -> room, replies

What it knows stands in its ledger, what is on its way into the log in its writing. A crash loses neither
stored entries nor an answer: whoever waits is told. It never answers for what it has not read.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from actors.conversation.answers import blocked, not_found, refusal_of
from actors.conversation.house import House
from actors.conversation.ledger import Ledger
from actors.conversation.letters import (
    Admit,
    Amend,
    Grown,
    Letter,
    Look,
    Release,
    Returned,
    Revise,
    Send,
    Sight,
    Written,
)
from actors.conversation.writing import Writing
from actors.wire.refusal import Refusal
from storage.errors import Unavailable
from storage.records.identifiers import entry_id, is_id


class Conversation:
    """Implements `Wakeful[Letter]`. `answer` delivers the log writer's word to its cell."""

    __slots__ = ("_house", "_id", "_ledger", "_loaded", "_writing")

    def __init__(
        self, conversation_id: str, house: House, answer: "Callable[[Conversation, Written], None]"
    ) -> None:
        self._id = conversation_id
        self._house = house
        self._ledger = Ledger(conversation_id, house.store, house.publisher, house.summaries)
        self._writing = Writing(
            conversation_id, house, self._ledger, lambda appended: answer(self, Written(appended))
        )
        self._loaded = False

    # --- its life

    async def wake(self) -> None:
        try:
            self._loaded = await self._ledger.load()
        except Unavailable:
            # Not a crash of ours: each letter tries again, and is refused while the store is away.
            self._loaded = False

    async def sleep(self) -> None:
        await self._ledger.rest()

    def abandon(self, reason: Exception) -> None:
        self._writing.abandon(reason)

    @property
    def id(self) -> str:
        return self._id

    @property
    def busy(self) -> bool:
        return self._writing.busy

    # --- its mail

    def receive(self, letter: Letter) -> Coroutine[Any, Any, None] | None:
        if not self._loaded:
            return self._load_for(letter)
        match letter:
            case Send():
                return self._take_send(letter)
            case Written(appended=appended):
                return self._writing.written(appended)
            case Grown():
                self._grown(letter)
                return None
            case Look():
                return self._look(letter)
            case Amend() | Revise():
                return self._take_change(letter)
            case Returned():
                return self._writing.returned(letter)

    def refuse(self, message: Letter, reason: Exception) -> None:
        match message:
            case Send(reply=reply) | Amend(reply=reply) | Revise(reply=reply):
                reply.refused(refusal_of(reason))
            case Look(reply=look):
                if not look.done():
                    look.set_exception(refusal_of(reason))
            case Returned(pending=pending):
                pending.refused(refusal_of(reason))
            case Grown() | Written():
                pass

    async def _load_for(self, letter: Letter) -> None:
        try:
            self._loaded = await self._ledger.load()
        except Unavailable as error:
            self.refuse(letter, error)
            return
        if not self._loaded:
            self.refuse(letter, not_found())
            return
        work = self.receive(letter)
        if work is not None:
            await work

    def _take_send(self, letter: Send) -> Coroutine[Any, Any, None] | None:
        draft = letter.draft
        if not self._ledger.is_member(draft.sender_id):
            return self._look_again(draft.sender_id, letter)
        peer = self._ledger.peer(draft.sender_id)
        if peer is not None:
            apart = self._house.barrier.apart_lately(draft.sender_id, peer)
            if apart is None:
                return self._ask_barrier(peer, letter)
            if apart:
                letter.reply.refused(blocked())
                return None
        return self._take_allowed(letter)

    async def _ask_barrier(self, peer: str, letter: Send) -> None:
        try:
            apart = await self._house.barrier.remember(letter.draft.sender_id, peer)
        except (Unavailable, Refusal) as error:
            letter.reply.refused(refusal_of(error))
            return
        if apart:
            letter.reply.refused(blocked())
            return
        work = self._take_allowed(letter)
        if work is not None:
            await work

    def _take_allowed(self, letter: Send) -> Coroutine[Any, Any, None] | None:
        if letter.draft.reply_to is not None:
            return self._take_answer(letter, letter.draft.reply_to)
        return self._admit(letter)

    def _admit(self, letter: Send) -> Coroutine[Any, Any, None] | None:
        return self._writing.mention(letter) if letter.draft.mentions else self._writing.admit(letter)

    async def _look_again(self, user_id: str, letter: Send | Revise | Amend) -> None:
        """Somebody unknown: perhaps taken in by another instance a moment ago. Only the log knows."""
        try:
            await self._ledger.catch_up()
        except Unavailable as error:
            letter.reply.refused(refusal_of(error))
            return
        if not self._ledger.is_member(user_id):
            letter.reply.refused(not_found())
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
            letter.reply.refused(refusal_of(error))
            return
        work = self._admit(letter)
        if work is not None:
            await work

    def _take_change(self, letter: Amend | Revise) -> Coroutine[Any, Any, None] | None:
        user_id = letter.amendment.actor.id if isinstance(letter, Amend) else letter.user_id
        ruled = isinstance(letter, Amend) and isinstance(letter.amendment, Admit | Release)
        if not ruled and not self._ledger.is_member(user_id):
            return self._look_again(user_id, letter)
        return self._writing.amend(letter) if isinstance(letter, Amend) else self._writing.revise(letter)

    def _grown(self, letter: Grown) -> None:
        """Another instance wrote. While nothing of ours is under way, follow it without reading."""
        ledger = self._ledger
        if letter.plain and letter.seq == ledger.head + 1 and not self._writing.under_way:
            ledger.head = letter.seq
        ledger.reaches(letter.seq)
        self._writing.other_wrote(letter.origin)

    async def _look(self, letter: Look) -> None:
        ledger = self._ledger
        try:
            if ledger.behind or letter.at_least > ledger.head or not ledger.is_member(letter.user_id):
                await ledger.catch_up()
        except Unavailable as error:
            self.refuse(letter, error)
            return
        if not letter.reply.done():
            count = len(ledger.roster.members) if ledger.roster is not None else 0
            letter.reply.set_result(Sight(ledger.is_member(letter.user_id), ledger.head, count))
