"""A cluster whose instances record the mentions that they notify and withdraw."""

from collections.abc import Callable, Collection, Sequence

from actors.accounts.authenticator import Authenticator
from actors.conversations.commands import Send
from actors.conversations.conversation_dependencies import NullMentions
from actors.conversations.future_reply import FutureReply
from actors.conversations.message_validation import create_draft
from actors.core import Core, CoreOptions, CoreStores
from actors.service_hooks import ServiceHooks
from storage.contracts.message_log import MessageEntry
from storage.errors import Unavailable
from storage.memory.bus import MemoryBus
from storage.memory.users import MemoryLogins, MemorySessions, UserTables
from tests.actors.fake_cluster import ANA, FAST_LIMITS, FakeCluster, load_cards
from tests.until import until


class RecordingMentions(NullMentions):
    """A `Mentions` that records its calls.

    `never_completes` simulates a process that crashes before it notifies.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requested: list[str] = []
        self.notified: list[tuple[str, frozenset[str]]] = []
        self.withdrawn: list[str] = []
        self.never_completes = False
        self.unavailable = False

    def notify_later(
        self, entry: MessageEntry, members: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        self.requested.append(entry.content)
        if self.never_completes:
            return
        if not self.unavailable:
            self.notified.append((entry.content, frozenset(members)))
        on_done(not self.unavailable)

    async def notify(self, entries: Sequence[MessageEntry], members: Collection[str]) -> None:
        if self.unavailable:
            raise Unavailable
        self.notified += [(entry.content, frozenset(members)) for entry in entries]

    def withdraw_message(self, message: MessageEntry, on_done: Callable[[bool], None]) -> None:
        self._withdraw_later([message.id], on_done)

    def withdraw_conversation(
        self, conversation_id: str, user_ids: Collection[str], on_done: Callable[[bool], None]
    ) -> None:
        self._withdraw_later(user_ids, on_done)

    async def withdraw(
        self, conversation_id: str, messages: Sequence[MessageEntry], user_ids: Collection[str]
    ) -> None:
        if self.unavailable:
            raise Unavailable
        self.withdrawn += [*(message.id for message in messages), *user_ids]

    def _withdraw_later(self, ids: Collection[str], on_done: Callable[[bool], None]) -> None:
        if not self.never_completes:
            self.withdrawn += () if self.unavailable else ids
            on_done(not self.unavailable)


class MentionCluster(FakeCluster):
    """A cluster whose instances record their mentions."""

    def __init__(self) -> None:
        super().__init__()
        self.mentions: list[RecordingMentions] = []

    async def create_group(self, core: Core, *members: str) -> str:
        """Create a group, and wait until the effect of its creation is complete."""
        room = await super().create_group(core, *members)
        await until(lambda: not self.messaging._pending_effects)
        return room

    async def start_recording_instance(self) -> tuple[Core, RecordingMentions]:
        tables, mentions = UserTables(), RecordingMentions()
        stores = CoreStores(self.messaging, MemoryBus(self.broker), self.streams)
        core = Core(
            stores,
            Authenticator(MemorySessions(tables), MemoryLogins(tables), FAST_LIMITS),
            load_cards,
            CoreOptions(f"i{len(self.cores)}", FAST_LIMITS, lambda event: event + b"\n"),
            ServiceHooks(mentions=mentions),
        )
        await core.start()
        self.cores.append(core)
        self.mentions.append(mentions)
        return core, mentions


async def send_mentioning(
    core: Core, room: str, content: str, *mentioned_ids: str
) -> tuple[MessageEntry, bool]:
    """Send a message of Ana that mentions these users."""
    reply = FutureReply()
    core.conversations.send(room, Send(create_draft(ANA, content, content, mentioned_ids, None), reply))
    stored = await reply.future
    assert stored is not None
    return stored


async def wait_settled(cluster: MentionCluster, count: int = 0) -> None:
    """Wait until exactly `count` pending effects are left."""
    await until(lambda: len(cluster.messaging._pending_effects) == count)
