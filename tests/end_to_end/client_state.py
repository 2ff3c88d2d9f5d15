"""What a device shows of one's conversations, messages and notifications: read over HTTP, or kept by frames.

    read over HTTP -> Shown -> each frame, put in -> Shown as it is now

Both are to be the same at any time. Who has read a message is left out: no durable frame says it. It never
asks for anything to put a frame in.
"""

from collections.abc import Sequence

import msgspec

from actors.protocol.objects import Conversation, DeliveryStatus, LastMessage, Message, MessageType
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
    ConversationUpdated,
    LogFrame,
    MessageCreated,
    MessageUpdated,
    NotificationCreated,
    NotificationRead,
    ServerFrame,
)
from actors.protocol.social_objects import Notification
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.user_api import UserApi

NO_DELIVERY_STATUS = DeliveryStatus([], 0)


class ClientState(msgspec.Struct):
    """`messages` by conversation, of those that were opened: they are whole."""

    user_id: str
    conversations: dict[str, Conversation]
    messages: dict[str, dict[str, Message]]
    notifications: dict[str, Notification]
    unread_notifications: int

    def apply(self, frame: ServerFrame) -> None:
        """Show what a frame says."""
        match frame:
            case ConversationJoined(conversation=conversation):
                self.conversations[conversation.id] = conversation
                if conversation.last_seq == 0:
                    self.messages[conversation.id] = {}
            case ConversationLeft(conversation_id=conversation_id):
                self.conversations.pop(conversation_id, None)
                self.messages.pop(conversation_id, None)
            case ConversationMarked():
                self._replace_conversation(
                    frame.conversation_id, read_seq=frame.read_seq, unread_count=frame.unread_count
                )
            case NotificationCreated(notification=notification):
                self.notifications[notification.id] = notification
                self.unread_notifications = frame.unread_count
            case NotificationRead(ids=ids):
                for one in self.notifications if ids is None else ids:
                    read = msgspec.structs.replace(self.notifications[one], is_read=True)
                    self.notifications[one] = read
                self.unread_notifications = frame.unread_count
            case MessageCreated() | MessageUpdated() | ConversationUpdated():
                self._apply_log_frame(frame)
            case _:
                pass

    def _apply_log_frame(self, frame: LogFrame) -> None:
        conversation_id, message = frame.conversation_id, as_seen_by(frame.message, self.user_id)
        self._replace_conversation(conversation_id, last_seq=frame.seq)
        known = self.messages.get(conversation_id)
        if known is not None and (
            message.id not in known or known[message.id].changed_seq < message.changed_seq
        ):
            known[message.id] = message
        if isinstance(frame, MessageUpdated):
            self._apply_message_change(frame)
        else:
            last = LastMessage(message.content, message.sender_id, message.created_at)
            self._replace_conversation(conversation_id, last_message=last)
            own = message.sender_id == self.user_id and message.message_type is MessageType.TEXT
            if own:
                self._replace_conversation(conversation_id, read_seq=frame.seq)
        if isinstance(frame, ConversationUpdated):
            self._apply_members(frame)
        self._update_unread_count(conversation_id)

    def _apply_message_change(self, frame: MessageUpdated) -> None:
        """The last message may be the changed one: known by its place and its sender."""
        last = self.conversations[frame.conversation_id].last_message
        newest = max(self.messages[frame.conversation_id].values(), key=lambda one: one.seq)
        if last is not None and newest.id == frame.message.id:
            changed = msgspec.structs.replace(last, content=frame.message.content)
            self._replace_conversation(frame.conversation_id, last_message=changed)

    def _apply_members(self, frame: ConversationUpdated) -> None:
        changed = frame.changed
        shown = self.conversations[frame.conversation_id]
        left = set(changed.left or ())
        self._replace_conversation(
            frame.conversation_id,
            name=shown.name if changed.name is None else changed.name,
            admins=[
                one for one in (shown.admins if changed.admins is None else changed.admins) if one not in left
            ],
            participants=[
                *(one for one in shown.participants if one.id not in left),
                *(changed.joined or ()),
            ],
            member_count=frame.member_count,
        )

    def _update_unread_count(self, conversation_id: str) -> None:
        messages = self.messages.get(conversation_id)
        if messages is None:
            return
        read_seq = self.conversations[conversation_id].read_seq
        unread = [
            one
            for one in messages.values()
            if one.seq > read_seq
            and one.sender_id != self.user_id
            and one.message_type is MessageType.TEXT
            and one.deleted_at is None
        ]
        self._replace_conversation(conversation_id, unread_count=len(unread))

    def _replace_conversation(self, conversation_id: str, **fields: object) -> None:
        changed = msgspec.structs.replace(self.conversations[conversation_id], **fields)
        self.conversations[conversation_id] = changed


def as_seen_by(message: Message, user_id: str) -> Message:
    """A frame is for everybody: which reactions are one's own is for each to find."""
    reactions = [msgspec.structs.replace(one, mine=user_id in one.user_ids) for one in message.reactions]
    return msgspec.structs.replace(message, reactions=reactions, delivery_status=NO_DELIVERY_STATUS)


async def read_state(user: RegisteredUser, instance: ServerProcess) -> ClientState:
    """All that there is to show, over HTTP."""
    async with user.http(instance) as http, UserApi(user, instance) as caller:
        listed = (await http.conversations()).items
        histories = {one.id: await http.history(one.id, limit=100) for one in listed}
        alone = {one.id: await http.conversation(one.id) for one in listed}
        notices = msgspec.convert(await caller.list_all("/v1/notifications"), list[Notification])
        unread = (await caller.get("/v1/notifications/unread_count"))["unread_count"]
    assert alone == {one.id: one for one in listed}
    return ClientState(
        user_id=user.id,
        conversations=alone,
        messages={one: by_id(history) for one, history in histories.items()},
        notifications={one.id: one for one in notices},
        unread_notifications=unread,
    )


def by_id(history: Sequence[Message]) -> dict[str, Message]:
    return {one.id: msgspec.structs.replace(one, delivery_status=NO_DELIVERY_STATUS) for one in history}


def differences(pushed: object, read: object, path: str = "") -> list[str]:
    """Where two views are not the same, as people read it."""
    one, other = msgspec.to_builtins(pushed), msgspec.to_builtins(read)
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return [] if one == other else [f"{path}: pushed {one!r}, anew {other!r}"]
    names = sorted(one.keys() | other.keys())
    places = [(one.get(name), other.get(name), f"{path}/{name}") for name in names]
    return [found for place in places for found in differences(*place)]
