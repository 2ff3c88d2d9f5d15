"""What all conversations of an instance share. It holds; it does nothing."""

from dataclasses import dataclass
from typing import Protocol

from actors.conversation.log_writer import LogWriter
from actors.conversation.publisher import Publisher
from actors.conversation.relay import Relay
from actors.conversation.summaries import Summaries
from config.limits import Limits
from storage.contracts.messaging import MessagingStore
from storage.records.messaging import ConversationRecord, MessageEntry


class Announcer(Protocol):
    """Tells those who came or went, wherever they are."""

    async def announce(self, conversation: ConversationRecord, entry: MessageEntry) -> None:
        """After the document says so too. Never raises: what can not be told now is found by a resync."""


@dataclass(frozen=True, slots=True)
class House:
    store: MessagingStore
    log: LogWriter
    publisher: Publisher
    summaries: Summaries
    limits: Limits
    announcer: Announcer
    relay: Relay
    instance: str
