"""Everything that can be asked about conversations: the way in for sessions and for HTTP.

Reads come from the store and are fresh on every instance. Writes go through the conversation's actor.
Whatever the caller may not see does not exist: `conversation.not_found`. It never holds state of its own.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from actors.conversation import rendering
from actors.conversation.announcer import Announcer
from actors.conversation.answers import blocked, busy, not_found
from actors.conversation.future_reply import FutureReply
from actors.conversation.letters import (
    Add,
    Admit,
    Amend,
    Amendment,
    Letter,
    Look,
    Release,
    Remove,
    Revise,
    Revision,
    Rewrite,
    Send,
    Sight,
)
from actors.conversation.reading import Reading
from actors.conversation.replay import Replay
from actors.conversation.views import Cards, View, Views
from actors.runtime.actor import MailboxFull, Stopped
from actors.runtime.registry import Registry
from actors.wire.frames import LogFrame
from actors.wire.moment import now_ms
from actors.wire.objects import Conversation, ConversationType, Message, MessageType, ReadState, UserCard
from actors.wire.refusal import Refusal, invalid, unavailable
from config.limits import PARTICIPANTS, READ_BY_MEMBERS, Limits
from storage.contracts.messaging import MessagingStore
from storage.records.identifiers import direct_id, is_id, keyed_id, new_id
from storage.records.messaging import ConversationRecord, MessageEntry, ReadByRecord

Hidden = Callable[[str], Awaitable[Sequence[str]]]
"""(user) -> everybody between whom and that user there is a block."""


class Created(msgspec.Struct, frozen=True):
    conversation: Conversation
    new: bool


class Conversations:
    def __init__(
        self,
        store: MessagingStore,
        actors: Registry[str, Letter],
        views: Views,
        reading: Reading,
        replay: Replay,
        announcer: Announcer,
        cards: Cards,
        hidden: Hidden,
        limits: Limits,
    ) -> None:
        self._store = store
        self._actors = actors
        self._views = views
        self._reading = reading
        self._replay = replay
        self._announcer = announcer
        self._cards = cards
        self._hidden = hidden
        self._limits = limits
        self._tasks: set[asyncio.Task[Any]] = set()

    def keep(self, task: "asyncio.Task[Any]") -> None:
        """Hold on to a task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait for what is under way. Ended by its caller's deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- sending

    def send(self, conversation_id: str, letter: Send | Revise) -> None:
        """Hand a draft or a change to its conversation; the answer comes through the letter's reply.

        Raises:
            Refusal: conversation.not_found for what can not be an id.
            MailboxFull, Stopped: it was not taken.
        """
        self._actors.tell(_checked(conversation_id), letter)

    async def send_and_wait(
        self, conversation_id: str, letter: Send, reply: FutureReply
    ) -> tuple[Message, bool]:
        """As `send`; answers the message and whether it stood already."""
        stored = await self._ask(conversation_id, letter, reply)
        assert stored is not None
        entry, duplicate = stored
        return rendering.message(entry, letter.draft.sender_id, ()), duplicate

    async def revise(self, user_id: str, conversation_id: str, revision: Revision) -> Message:
        """Edit, delete or react; answers the message as it is then."""
        reply = FutureReply()
        stored = await self._ask(conversation_id, Revise(user_id, revision, reply), reply)
        assert stored is not None
        view = await self._view(user_id, conversation_id)
        return (await self._shown(user_id, view, [stored[0]]))[0]

    async def _ask(
        self, conversation_id: str, letter: Send | Revise | Amend, reply: FutureReply
    ) -> tuple[MessageEntry, bool] | None:
        try:
            self._actors.tell(_checked(conversation_id), letter)
        except (MailboxFull, Stopped):
            raise busy() from None
        try:
            async with asyncio.timeout(self._limits.request_timeout_ms * 2 / 1000):
                return await reply.future
        except TimeoutError:
            raise unavailable("It may or may not be stored: ask again with the same client_id.") from None

    # --- making and changing

    async def create(
        self, user: UserCard, kind: ConversationType, others: Sequence[str], name: str | None, key: str | None
    ) -> Created:
        """Make a conversation, or find the direct one (or the one made under `key`) that stands already."""
        members = list(dict.fromkeys((user.id, *others)))
        if len(members) > PARTICIPANTS:
            raise Refusal("conversation.full", f"A conversation has at most {PARTICIPANTS} members.")
        direct = kind is ConversationType.DIRECT
        if direct and len(members) != 2:
            raise invalid("participants", "A direct conversation is with exactly one other user.")
        if direct and name is not None:
            raise invalid("name", "A direct conversation has no name.")
        cards = await self._cards(members)
        hidden = set(await self._hidden(user.id))
        missing = [one for one in members if one not in cards or (one in hidden and not direct)]
        if missing:
            raise Refusal("user.not_found", "Not all of these users exist.")
        if direct and hidden.intersection(members) and await self._store.get(direct_id(*members)) is None:
            raise blocked()
        digest = _digest(kind, members, name)
        if key is not None and await self._store.claim(keyed_id(user.id, key), digest) != digest:
            raise Refusal("idempotency.conflict", "This key was used for another conversation.")
        if direct:
            conversation_id = direct_id(*members)
        else:
            conversation_id = keyed_id(user.id, key) if key is not None else new_id()
        record = ConversationRecord(
            id=conversation_id,
            type=kind.value,
            name=name,
            participants=tuple(members),
            admins=() if direct else (user.id,),
            created_at_ms=now_ms(),
        )
        standing = await self._store.create(record)
        if standing is None:
            await self._announcer.joined(record, 0, members)
        return Created(await self.get(user.id, conversation_id), new=standing is None or not direct)

    async def amend(self, conversation_id: str, amendment: Amendment) -> None:
        reply = FutureReply()
        await self._ask(conversation_id, Amend(amendment, reply), reply)

    async def add(self, actor: UserCard, conversation_id: str, user_id: str) -> None:
        user = (await self._cards([user_id])).get(user_id)
        if user is None or user_id in await self._hidden(actor.id):
            # Only members may learn who exists.
            await self._view(actor.id, conversation_id)
            raise Refusal("user.not_found", "There is no such user.")
        await self.amend(conversation_id, Add(actor, user))

    async def remove(self, actor: UserCard, conversation_id: str, user_id: str) -> None:
        cards = await self._cards([user_id])
        await self.amend(conversation_id, Remove(actor, rendering.card(user_id, cards)))

    async def found(self, conversation_id: str, creator: UserCard, name: str) -> None:
        """See that there is this group; the creator is its first member and admin."""
        record = ConversationRecord(
            id=conversation_id,
            type=ConversationType.GROUP.value,
            name=name,
            participants=(creator.id,),
            admins=(creator.id,),
            created_at_ms=now_ms(),
        )
        if await self._store.get(conversation_id) is None and await self._store.create(record) is None:
            await self._announcer.joined(record, 0, [creator.id])

    async def admit(self, conversation_id: str, user: UserCard) -> None:
        """Take in somebody whom a rule lets in. Refuses with `conversation.full`."""
        await self.amend(conversation_id, Admit(user))

    async def release(self, conversation_id: str, user: UserCard) -> None:
        """Let somebody go whom a rule no longer keeps."""
        await self.amend(conversation_id, Release(user))

    async def depart(self, user_id: str) -> None:
        """A user is no longer: out of every group. Direct conversations stay with the other one."""
        for standing in await self._store.standings(user_id, None):
            if standing.conversation.type == ConversationType.GROUP:
                await self.release(standing.conversation.id, rendering.card(user_id, {}))

    async def change(
        self,
        actor: UserCard,
        conversation_id: str,
        name: str | None,
        admins: Sequence[str] | None,
        muted: bool | None,  # noqa: FBT001
    ) -> Conversation:
        await self._view(actor.id, conversation_id)
        if name is not None or admins is not None:
            chosen = None if admins is None else tuple(dict.fromkeys(admins))
            await self.amend(conversation_id, Rewrite(actor, name, chosen))
        if muted is not None:
            await self._store.mute(conversation_id, actor.id, muted=muted)
        return await self.get(actor.id, conversation_id)

    # --- reading

    async def get(self, user_id: str, conversation_id: str) -> Conversation:
        view = await self._view(user_id, conversation_id)
        return (await self._views.show(user_id, [view]))[0]

    async def page(
        self, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> tuple[list[Conversation], tuple[int, str] | None]:
        """By latest activity; `after` is the (activity in ms, id) of the last one seen."""
        views = await self._views.of_user(user_id)
        if after is not None:
            views = [view for view in views if (view.active_ms, view.record.id) < after]
        chosen = views[:limit]
        whole = await self._views.some(user_id, [view.record.id for view in chosen])
        shown = await self._views.show(
            user_id, [whole[view.record.id] for view in chosen if view.record.id in whole]
        )
        following = (chosen[-1].active_ms, chosen[-1].record.id) if len(views) > limit else None
        return shown, following

    async def participants(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[UserCard], int | None]:
        """In order of joining; `after` counts those seen already."""
        view = await self._view(user_id, conversation_id)
        members = view.record.participants[after : after + limit]
        cards = await self._cards(members)
        more = after + limit < len(view.record.participants)
        return [rendering.card(one, cards) for one in members], after + limit if more else None

    async def history(
        self, user_id: str, conversation_id: str, before: int | None, after: int | None, limit: int
    ) -> list[Message]:
        view = await self._view(user_id, conversation_id)
        head = view.last_seq + 1
        entries = await self._store.page(
            conversation_id,
            before=min(before, head) if before is not None else head,
            after=after or 0,
            limit=limit,
            newest=after is None or before is not None,
        )
        return await self._shown(user_id, view, entries)

    async def sees_message(self, user_id: str, message_id: str) -> bool:
        """Whether there is such a message in a conversation of the user's."""
        found = await self._store.messages([message_id]) if is_id(message_id) else []
        return bool(found and await self._views.some(user_id, [found[0].conversation_id]))

    async def changes(
        self, user_id: str, conversation_id: str, after: int, limit: int
    ) -> tuple[list[LogFrame], int, bool]:
        await self._view(user_id, conversation_id)
        return await self._replay.changes(conversation_id, after, limit, user_id)

    async def read(self, user_id: str, conversation_id: str, seq: int) -> ReadState:
        """Mark as read up to `seq`: forward only, never past the head."""
        sight = await self._look(user_id, conversation_id, seq)
        if not sight.member:
            raise not_found()
        return await self._reading.mark(user_id, conversation_id, min(seq, sight.head), sight.member_count)

    async def sight(self, user_id: str, conversation_id: str) -> Sight:
        """A conversation as one of its members finds it. Raises `Refusal`."""
        return await self._look(user_id, conversation_id, 0)

    async def _look(self, user_id: str, conversation_id: str, at_least: int) -> Sight:
        try:
            cell = self._actors.cell(_checked(conversation_id))
            return await cell.ask(
                lambda reply: Look(user_id, at_least, reply), self._limits.request_timeout_ms / 1000
            )
        except (MailboxFull, Stopped, TimeoutError):
            raise busy() from None

    async def _view(self, user_id: str, conversation_id: str) -> View:
        return await self._views.one(user_id, _checked(conversation_id))

    async def _shown(self, user_id: str, view: View, entries: Sequence[MessageEntry]) -> list[Message]:
        members = view.record.participants
        named = len(members) <= READ_BY_MEMBERS
        places = await self._reading.places(view) if named else {}
        return [
            rendering.message(entry, user_id, _readers(entry, places) if named else None, len(entry.read_by))
            for entry in entries
        ]


def _readers(
    entry: MessageEntry, places: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[ReadByRecord, ...]:
    """Who has read a message: what it says itself, and who has moved past it since that was written."""
    if entry.message_type != MessageType.TEXT:
        return ()
    known = {one.user_id: one for one in entry.read_by}
    for user_id, reached in places.items():
        times = [read_at_ms for read_seq, read_at_ms in reached if read_seq >= entry.seq]
        if times and user_id not in known and user_id != entry.sender_id:
            known[user_id] = ReadByRecord(user_id, min(times))
    return tuple(known.values())


def _checked(conversation_id: str) -> str:
    if not is_id(conversation_id):
        raise not_found()
    return conversation_id


def _digest(kind: ConversationType, members: Sequence[str], name: str | None) -> str:
    described = msgspec.json.encode((kind, sorted(members), name))
    return hashlib.sha256(described).hexdigest()
