"""What moderators act on, by kind: posts, comments, messages and events.

Moderators see all items, also hidden ones.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from actors.conversations.moderated_messages import ModeratedMessages
from actors.protocol.timestamps import rfc3339_from_datetime, rfc3339_from_ms
from config.limits import SNAPSHOT_CONTEXT_CHARACTERS
from storage.contracts.contents import ContentRecord, ContentStore
from storage.contracts.message_log import MessageEntry
from storage.contracts.moderation import ModerationStore, TargetKind
from storage.contracts.reports import Snapshot, SnapshotEntry

LoadUsernames = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
DELETED_USERNAME = "deleted"


class ModeratedItems:
    """`load_usernames` returns the usernames of those of the users that exist, by id."""

    def __init__(
        self,
        stores: Mapping[TargetKind, ContentStore],
        messages: ModeratedMessages,
        users: ModerationStore,
        load_usernames: LoadUsernames,
        on_changed: Callable[[TargetKind], None],
    ) -> None:
        self._stores = stores
        self._messages = messages
        self._users = users
        self._load_usernames = load_usernames
        self._on_changed = on_changed

    async def find(self, kind: TargetKind, target_id: str) -> ContentRecord | None:
        """Return an item; None for users, and for what does not exist."""
        if kind is TargetKind.MESSAGE:
            message = await self._messages.find(target_id)
            return None if message is None else self._messages.to_content(message)
        store = self._stores.get(kind)
        return None if store is None else await store.find(target_id)

    async def is_hidden(self, kind: TargetKind, target_id: str) -> bool | None:
        """Return whether moderators have hidden an item; None as `find`."""
        content = await self.find(kind, target_id)
        return None if content is None else content.is_hidden

    async def set_hidden(self, kind: TargetKind, target_id: str, *, hidden: bool) -> bool:
        """Hide or restore an item. Idempotent. Returns whether it exists. Raises `ApiError`."""
        if kind is TargetKind.MESSAGE:
            return await self._messages.set_hidden(target_id, hidden=hidden)
        store = self._stores.get(kind)
        if store is None or not await store.set_hidden(target_id, hidden=hidden):
            return False
        self._on_changed(kind)
        return True

    async def take_snapshot(self, kind: TargetKind, target_id: str) -> Snapshot | None:
        """Return a target as it is now, with its context; None if it does not exist."""
        match kind:
            case TargetKind.MESSAGE:
                return await self._message_snapshot(target_id)
            case TargetKind.USER:
                return await self._user_snapshot(target_id)
            case TargetKind.POST | TargetKind.COMMENT | TargetKind.EVENT:
                return await self._content_snapshot(kind, target_id)

    async def _content_snapshot(self, kind: TargetKind, target_id: str) -> Snapshot | None:
        content = await self.find(kind, target_id)
        if content is None:
            return None
        container = None
        if content.container_id is not None:
            container = await self.find(TargetKind.POST, content.container_id)
        names = await self._names(content.author_id, *([container.author_id] if container else ()))
        context = () if container is None else (_content_entry(container, names),)
        return Snapshot(
            content.author_id,
            names[content.author_id],
            content.content,
            rfc3339_from_datetime(content.created_at),
            content.container_id,
            context,
        )

    async def _message_snapshot(self, message_id: str) -> Snapshot | None:
        # Members see SYSTEM and deleted messages too, so they can report them.
        message = await self._messages.find_stored(message_id)
        if message is None:
            return None
        around = await self._messages.find_around(message)
        names = await self._names(message.sender_id, *(entry.sender_id for entry in around))
        return Snapshot(
            message.sender_id,
            names[message.sender_id],
            self._messages.to_content(message).content,
            rfc3339_from_ms(message.created_at_ms),
            message.conversation_id,
            tuple(_message_entry(entry, names) for entry in around),
        )

    async def _user_snapshot(self, user_id: str) -> Snapshot | None:
        moderated = await self._users.find_user(user_id)
        if moderated is None:
            return None
        user = moderated.user
        content = "\n\n".join(text for text in (user.display_name, user.bio) if text)
        return Snapshot(user.id, user.username, content, rfc3339_from_datetime(user.created_at))

    async def _names(self, *user_ids: str) -> dict[str, str]:
        names = await self._load_usernames(list(dict.fromkeys(user_ids)))
        return {user_id: names.get(user_id, DELETED_USERNAME) for user_id in user_ids}


def _content_entry(content: ContentRecord, names: Mapping[str, str]) -> SnapshotEntry:
    return SnapshotEntry(
        content.id,
        content.author_id,
        names[content.author_id],
        content.content[:SNAPSHOT_CONTEXT_CHARACTERS],
        rfc3339_from_datetime(content.created_at),
    )


def _message_entry(entry: MessageEntry, names: Mapping[str, str]) -> SnapshotEntry:
    return SnapshotEntry(
        entry.id,
        entry.sender_id,
        names[entry.sender_id],
        entry.content[:SNAPSHOT_CONTEXT_CHARACTERS],
        rfc3339_from_ms(entry.created_at_ms),
    )
