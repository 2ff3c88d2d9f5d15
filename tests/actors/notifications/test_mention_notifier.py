"""Messages that name somebody: those of them who are in the conversation are notified, once."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.notifications import mention_notifier as module
from actors.notifications.mention_notifier import MentionNotifier
from storage.contracts.domain_events import CursorUpdate
from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.messaging import MessageEntry
from storage.contracts.notifications import NewNotification
from storage.errors import Unavailable
from storage.memory.messaging import MemoryMessaging
from tests.actors.notifications.notification_setup import NotificationSetup
from tests.until import until

CONVERSATION_ID = new_id()


@pytest.fixture
def conversations() -> MemoryMessaging:
    return MemoryMessaging()


@pytest.fixture
async def mentions(
    house: NotificationSetup, conversations: MemoryMessaging
) -> AsyncIterator[MentionNotifier]:
    made = MentionNotifier(house.store, conversations, house.user_cards, house.block_service, house.pusher)
    yield made
    await made.close()


def message(seq: int, sender_id: str, *mentions: str) -> MessageEntry:
    return MessageEntry(
        id=entry_id(CONVERSATION_ID, seq),
        conversation_id=CONVERSATION_ID,
        seq=seq,
        changed_seq=seq,
        attempt_id=new_attempt_id(),
        sender_id=sender_id,
        client_id=f"c{seq}",
        content="secret words",
        message_type="TEXT",
        mentions=mentions,
        reply_to=None,
        created_at_ms=1_790_000_000_000,
    )


async def test_mentioned_members_are_notified(house: NotificationSetup, mentions: MentionNotifier) -> None:
    """With the message and its conversation, and without its words; no stranger, and not oneself."""
    entry = message(1, house.ana, house.ana, house.ben, house.cyd)
    await mentions.notify(entry, [house.ana, house.ben])
    (told,) = await house.list_notifications(house.ben)

    assert (told.type, told.title, told.message) == ("MENTION", "You were mentioned", "Ana mentioned you")
    assert (told.reference_id, told.conversation_id) == (entry.id, CONVERSATION_ID)
    assert told.sender is not None
    assert told.sender.id == house.ana
    assert await house.list_notifications(house.ana) == await house.list_notifications(house.cyd) == []


async def test_muted_members_are_not_notified(
    house: NotificationSetup, mentions: MentionNotifier, conversations: MemoryMessaging
) -> None:
    """Others who are named are notified; unmuted again, so is that one."""
    await conversations.set_muted(CONVERSATION_ID, house.ben, muted=True)
    await mentions.notify(message(1, house.ana, house.ben, house.cyd), [house.ana, house.ben, house.cyd])
    assert await house.list_notifications(house.ben) == []
    assert len(await house.list_notifications(house.cyd)) == 1
    await conversations.set_muted(CONVERSATION_ID, house.ben, muted=False)
    await mentions.notify(message(2, house.ana, house.ben), [house.ana, house.ben])
    assert len(await house.list_notifications(house.ben)) == 1


async def test_mentions_in_one_conversation_are_grouped(
    house: NotificationSetup, mentions: MentionNotifier
) -> None:
    """The latest message is the one that is referred to; the same one again changes nothing."""
    entries = [message(seq, house.ana, house.ben) for seq in (1, 2)]
    for entry in [*entries, *entries]:
        await mentions.notify(entry, [house.ana, house.ben])
    (told,) = await house.list_notifications(house.ben)

    assert (told.message, told.count) == ("Ana mentioned you, 1 more before", 2)
    assert told.reference_id == entries[1].id


async def test_blocked_users_are_not_notified(house: NotificationSetup, mentions: MentionNotifier) -> None:
    """Groups that they share go on, but in them neither calls the other; nor does a deleted sender."""
    await house.social.block(house.ben, house.ana)
    members = [house.ana, house.ben, house.cyd]
    await mentions.notify(message(1, house.ana, house.ben, house.cyd), members)
    await mentions.notify(message(2, house.ben, house.ana), members)
    del house.user_source.snapshots[house.cyd]
    await mentions.notify(message(3, "00000000-0000-4000-8000-000000000009", house.ben), members)
    # Not only kept from sight for as long as the block lasts.
    await house.social.unblock(house.ben, house.ana)

    assert [len(await house.list_notifications(one)) for one in members] == [0, 0, 1]


async def test_on_done_is_called_with_true(house: NotificationSetup, mentions: MentionNotifier) -> None:
    """At once where there is nobody to tell, and else when it is kept."""
    done: list[bool] = []
    mentions.notify_later(message(1, house.ana, house.cyd), [house.ana, house.ben], done.append)
    assert done == [True]
    mentions.notify_later(message(2, house.ana, house.ben), [house.ana, house.ben], done.append)
    assert done == [True]
    await until(lambda: len(done) == 2)

    assert done == [True, True]
    assert len(await house.list_notifications(house.ben)) == 1


async def test_on_done_is_called_with_false_on_failure(
    house: NotificationSetup, mentions: MentionNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The conversation is told so, and its intent stands."""
    done: list[bool] = []

    async def away(notices: Sequence[NewNotification], step: CursorUpdate | None) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "add", away)
        mentions.notify_later(message(1, house.ana, house.ben), [house.ana, house.ben], done.append)
        await until(lambda: done)
    assert done == [False]
    with monkeypatch.context() as patch:
        patch.setattr(module, "MAX_PENDING", 0)
        mentions.notify_later(message(1, house.ana, house.ben), [house.ana, house.ben], done.append)

    assert done == [False, False]
    assert await house.list_notifications(house.ben) == []


async def test_close_waits_for_pending_mentions(house: NotificationSetup, mentions: MentionNotifier) -> None:
    """Also what waits for its turn."""
    done: list[bool] = []
    for seq in range(module.MAX_RUNNING * 2):
        mentions.notify_later(message(seq, house.ana, house.ben), [house.ana, house.ben], done.append)
    await asyncio.wait_for(mentions.close(), 5.0)

    assert done == [True] * module.MAX_RUNNING * 2
    (told,) = await house.list_notifications(house.ben)
    assert told.count == module.MAX_RUNNING * 2
