"""Sends frames of user streams: a user joined or left a conversation, or moved a read mark.

These are no notifications of `actors/notifications`. Two writes that precede a frame are made here: a new
conversation, and the read marks of new members, for whom the earlier history is not unread.

A frame reaches all devices of a user on every instance. Nothing here raises while the broker is unavailable:
the methods for joined and left users return whether all frames were appended, and are repeated if not. If two
instances append frames in another order than they changed the members, a frame with the current membership
follows.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from actors.conversations import serializers
from actors.conversations.conversation_views import LoadCards
from actors.conversations.pending_effects import NEW_CONVERSATION, PendingEffectRecorder
from actors.conversations.summary_writer import to_last_message
from actors.delivery.stream_writer import StreamWriter
from actors.protocol.errors import ApiError
from actors.protocol.objects import ReadState, UserCard
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
)
from config.limits import PARTICIPANTS_IN_OBJECT
from storage.contracts.message_log import MessageEntry
from storage.contracts.messaging import ConversationRecord, ConversationStore, ReadMark
from storage.errors import Unavailable

_log = logging.getLogger(__name__)


class MembershipNotifier:
    """Notifies users who joined or left, and the devices of a user whose read mark moved.

    `on_left` gets the users who left, or were removed, once they are no members in the store.
    """

    def __init__(
        self,
        streams: StreamWriter,
        store: ConversationStore,
        load_cards: LoadCards,
        pending_effects: PendingEffectRecorder,
        on_left: Callable[[Sequence[str]], None],
    ) -> None:
        self._streams = streams
        self._store = store
        self._load_cards = load_cards
        self._pending_effects = pending_effects
        self._on_left = on_left

    async def create_conversation(self, conversation: ConversationRecord) -> ConversationRecord | None:
        """Store a new conversation and notify its members; return the existing one if there is one.

        Raises `Unavailable`. If the instance stops in between, a sweeper notifies.
        """
        record = await self._pending_effects.create(conversation.id, NEW_CONVERSATION, shared=False)
        record.begin()
        is_complete = False
        try:
            existing = await self._store.create(conversation)
            # An equal one may be this one: a driver repeats an insert without a reply, and finds it stored.
            is_known = existing is not None and existing != conversation
            is_complete = is_known or await self.notify_joined(conversation, 0, conversation.participants)
        finally:
            record.end(completed=is_complete)
        return existing

    async def notify_change(
        self, conversation: ConversationRecord, entry: MessageEntry, *, needs_cards: bool = False
    ) -> bool:
        """Notify the users that `entry` added or removed. Return whether that is complete.

        Call after the document is projected. `needs_cards` as for `notify_joined`.
        """
        membership = entry.membership
        is_complete = True
        if membership is None:
            return is_complete
        if membership.joined:
            # The earlier history is not unread for a new member, who has not read it either.
            marks = [ReadMark(conversation.id, user_id, entry.seq) for user_id in membership.joined]
            try:
                await asyncio.gather(*(self._store.advance_read_mark(mark) for mark in marks))
            except Unavailable:
                _log.debug(
                    "read marks of new members could not be written",
                    extra={"conversation_id": conversation.id},
                )
                is_complete = False
            # The summary is written late, so the last message comes from this entry.
            current = msgspec.structs.replace(conversation, last_message=to_last_message(entry))
            is_complete &= await self.notify_joined(
                current, entry.seq, membership.joined, needs_cards=needs_cards
            )
        if membership.left:
            self._on_left(membership.left)
            is_complete &= await self._notify_left(conversation.id, membership.left)
        return is_complete

    async def notify_joined(
        self,
        conversation: ConversationRecord,
        seq: int,
        user_ids: Sequence[str],
        *,
        needs_cards: bool = False,
    ) -> bool:
        """Notify users that they are members since the entry at `seq`, or since the creation if it is 0.

        Return whether all frames are in the users' streams, with the cards of members. While these cannot be
        loaded, the frames have placeholders instead; with `needs_cards`, they are not sent.
        """
        cards = await self._find_cards(conversation)
        if cards is None and needs_cards:
            return False
        joined = serializers.to_conversation(
            conversation, cards or {}, last_seq=seq, read_seq=seq, unread_count=0, muted=False
        )
        is_complete = await self._streams.append(user_ids, ConversationJoined(0, joined))
        is_complete &= await self._correct_frames(conversation.id, joined=user_ids)
        return is_complete and cards is not None

    async def _notify_left(self, conversation_id: str, user_ids: Sequence[str]) -> bool:
        """Notify users that they are no members. Return whether all frames are in the users' streams."""
        is_complete = await self._streams.append(user_ids, ConversationLeft(0, conversation_id))
        is_complete &= await self._correct_frames(conversation_id, left=user_ids)
        return is_complete

    async def _correct_frames(
        self, conversation_id: str, *, joined: Sequence[str] = (), left: Sequence[str] = ()
    ) -> bool:
        """Send the opposite frame to those of the users whose membership changed after their frame was built.

        Another instance may have changed the members meanwhile, and appended its frames before these. It
        wrote the document first. Return whether all frames were appended.
        """
        try:
            current = await self._store.get(conversation_id)
        except Unavailable:
            return False
        members = frozenset(() if current is None else current.participants)
        is_complete = True
        gone = [user_id for user_id in joined if user_id not in members]
        if gone:
            is_complete &= await self._notify_left(conversation_id, gone)
        back = [user_id for user_id in left if user_id in members]
        if current is not None and back:
            # Without the cards too: these users have just got a frame with which they lose the conversation.
            is_complete &= await self.notify_joined(current, current.applied_seq, back)
        return is_complete

    async def notify_read_mark(self, user_id: str, conversation_id: str, state: ReadState) -> None:
        """Send a user's read mark to all of the user's devices. Lost if the broker is unavailable."""
        frame = ConversationMarked(0, conversation_id, state.read_seq, state.unread_count)
        await self._streams.append([user_id], frame)

    async def _find_cards(self, conversation: ConversationRecord) -> Mapping[str, UserCard] | None:
        """Return the cards of the members that a frame shows; None if they cannot be loaded now."""
        try:
            return await self._load_cards(conversation.participants[:PARTICIPANTS_IN_OBJECT])
        except (Unavailable, ApiError):
            _log.debug(
                "user cards could not be loaded for a membership notification",
                extra={"conversation_id": conversation.id},
            )
            return None
