"""Delivers user streams in order to the connections of each user.

A user that joins or leaves a conversation joins or leaves its room at that position of the stream.
"""

from collections.abc import Callable
from enum import Enum, auto

from actors.delivery.rooms import Rooms
from actors.protocol.errors import RETRY_AFTER_MS
from actors.protocol.server_frames import ConversationJoined, ConversationLeft
from actors.runtime.task_pool import TaskPool
from actors.sessions.online_user import OnlineUser
from actors.sessions.stream_recovery import decode_membership
from actors.sessions.transport import CloseCode
from actors.sessions.user_session import UserSession
from storage.contracts.user_streams import StreamItem
from storage.errors import Unavailable


class StreamOutcome(Enum):
    """Whether items before an item are missing, or it is of another epoch."""

    IN_ORDER = auto()
    GAP = auto()
    NEW_EPOCH = auto()


class StreamSequencer:
    def __init__(
        self,
        rooms: Rooms,
        encode_frame: Callable[[bytes], bytes],
        task_pool: TaskPool,
    ) -> None:
        self._rooms = rooms
        self._encode_frame = encode_frame
        self._task_pool = task_pool

    def accept(self, user: OnlineUser, item: StreamItem) -> StreamOutcome:
        """Deliver an item and the held ones after it, hold it if items are missing, or drop a repeated one.

        An item of another epoch is neither delivered nor held.
        """
        if item.epoch != user.epoch:
            return StreamOutcome.NEW_EPOCH
        if user.sequence.next(item.position):
            self._deliver(user, item)
            while (following := user.sequence.pop_next()) is not None:
                self._deliver(user, following)
        elif user.sequence.hold(item.position, item):
            return StreamOutcome.GAP
        return StreamOutcome.IN_ORDER

    def _deliver(self, user: OnlineUser, item: StreamItem) -> None:
        frame = decode_membership(item.payload)
        if isinstance(frame, ConversationLeft):
            user.remove_conversation(frame.conversation_id)
            for session in user.sessions:
                self._rooms.leave(session, [frame.conversation_id])
        user.deliver(item, self._encode_frame(item.payload))
        if isinstance(frame, ConversationJoined):
            conversation = frame.conversation
            user.add_conversation(self._rooms.intern_id(conversation.id), conversation.last_seq)
            for session in user.sessions:
                self._task_pool.spawn(self.join_room(user, session, conversation.id, conversation.last_seq))

    async def join_room(
        self, user: OnlineUser, session: UserSession, conversation_id: str, last_seq: int
    ) -> None:
        """Join the room; report entries after `last_seq` that are stored by then as `lagged`, to be fetched.

        If the log cannot be read, close the connection: the client resumes.
        """
        if session.closed or conversation_id not in user.conversation_ids:
            # The session closed or the user left before this task ran; a join would not be undone.
            return
        try:
            await self._rooms.join(session, [(conversation_id, last_seq)], report_missed=True)
        except Unavailable:
            session.transport.close(CloseCode.OVERLOADED, "a store is unavailable", RETRY_AFTER_MS)
