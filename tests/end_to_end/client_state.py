"""Client state: a user's conversations, messages and notifications.

    read over HTTP -> ClientState -> apply(frame) -> ClientState

A state kept up to date by frames must always equal one read over HTTP. Read receipts are left out, because no
durable frame carries them.
"""

from collections.abc import Sequence

import msgspec

from actors.protocol.notification_objects import Notification
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
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerProcess
from tests.end_to_end.user_api import UserApi

NO_DELIVERY_STATUS = DeliveryStatus([], 0)


class ClientState(msgspec.Struct):
    """`messages` holds the complete history of each conversation whose history was read."""

    user_id: str
    conversations: dict[str, Conversation]
    messages: dict[str, dict[str, Message]]
    notifications: dict[str, Notification]
    unread_notifications: int

    def apply(self, frame: ServerFrame) -> None:
        """Update the state with a frame."""
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
                for notification_id in self.notifications if ids is None else ids:
                    notification = self.notifications[notification_id]
                    self.notifications[notification_id] = msgspec.structs.replace(notification, is_read=True)
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
        """Update `last_message` if the changed message is the newest one."""
        last = self.conversations[frame.conversation_id].last_message
        newest = max(self.messages[frame.conversation_id].values(), key=lambda message: message.seq)
        if last is not None and newest.id == frame.message.id:
            changed = msgspec.structs.replace(last, content=frame.message.content)
            self._replace_conversation(frame.conversation_id, last_message=changed)

    def _apply_members(self, frame: ConversationUpdated) -> None:
        changed = frame.changed
        conversation = self.conversations[frame.conversation_id]
        left = set(changed.left or ())
        admins = conversation.admins if changed.admins is None else changed.admins
        self._replace_conversation(
            frame.conversation_id,
            name=conversation.name if changed.name is None else changed.name,
            admins=[admin for admin in admins if admin not in left],
            participants=[
                *(user for user in conversation.participants if user.id not in left),
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
            message
            for message in messages.values()
            if message.seq > read_seq
            and message.sender_id != self.user_id
            and message.message_type is MessageType.TEXT
            and message.deleted_at is None
        ]
        self._replace_conversation(conversation_id, unread_count=len(unread))

    def _replace_conversation(self, conversation_id: str, **fields: object) -> None:
        changed = msgspec.structs.replace(self.conversations[conversation_id], **fields)
        self.conversations[conversation_id] = changed


def as_seen_by(message: Message, user_id: str) -> Message:
    """Set `mine` of the reactions: a frame is the same for all members, so clients compute it."""
    reactions = [
        msgspec.structs.replace(reaction, mine=user_id in reaction.user_ids) for reaction in message.reactions
    ]
    return msgspec.structs.replace(message, reactions=reactions, delivery_status=NO_DELIVERY_STATUS)


async def read_state(user: RegisteredUser, instance: ServerProcess) -> ClientState:
    """Read the complete state over HTTP."""
    async with user.http(instance) as http, UserApi(user, instance) as api:
        listed = {conversation.id: conversation for conversation in (await http.conversations()).items}
        histories = {
            conversation_id: await http.history(conversation_id, limit=100) for conversation_id in listed
        }
        conversations = {
            conversation_id: await http.conversation(conversation_id) for conversation_id in listed
        }
        notifications = msgspec.convert(await api.list_all("/v1/notifications"), list[Notification])
        unread = (await api.get("/v1/notifications/unread_count"))["unread_count"]
    assert conversations == listed
    return ClientState(
        user_id=user.id,
        conversations=conversations,
        messages={conversation_id: by_id(history) for conversation_id, history in histories.items()},
        notifications={notification.id: notification for notification in notifications},
        unread_notifications=unread,
    )


def by_id(history: Sequence[Message]) -> dict[str, Message]:
    return {
        message.id: msgspec.structs.replace(message, delivery_status=NO_DELIVERY_STATUS)
        for message in history
    }


def differences(pushed: object, read: object, path: str = "") -> list[str]:
    """Return the differences between a pushed and a read state, one readable line per field."""
    pushed, read = msgspec.to_builtins(pushed), msgspec.to_builtins(read)
    if not (isinstance(pushed, dict) and isinstance(read, dict)):
        return [] if pushed == read else [f"{path}: pushed {pushed!r}, read {read!r}"]
    names = sorted(pushed.keys() | read.keys())
    return [
        line for name in names for line in differences(pushed.get(name), read.get(name), f"{path}/{name}")
    ]
