"""Mentions notify members of the conversation, once for each message."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.notifications import mention_notifier
from actors.notifications import mention_notifier as module
from actors.notifications.mention_notifier import MentionNotifier
from storage.contracts.domain_events import CursorUpdate
from storage.contracts.identifiers import entry_id, new_attempt_id, new_id
from storage.contracts.message_log import MessageEntry
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
    setup: NotificationSetup, conversations: MemoryMessaging
) -> AsyncIterator[MentionNotifier]:
    made = MentionNotifier(
        setup.store,
        conversations,
        setup.user_cards,
        setup.sender_filter,
        setup.pusher,
        setup.notifications,
    )
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


async def test_mentioned_members_are_notified(setup: NotificationSetup, mentions: MentionNotifier) -> None:
    """The notification links message and conversation, without the text; only other members get one."""
    entry = message(1, setup.ana, setup.ana, setup.ben, setup.cyd)
    await mentions.notify([entry], [setup.ana, setup.ben])
    (notification,) = await setup.list_notifications(setup.ben)

    assert (notification.type, notification.title, notification.message) == (
        "MENTION",
        "You were mentioned",
        "Ana mentioned you",
    )
    assert (notification.reference_id, notification.conversation_id) == (entry.id, CONVERSATION_ID)
    assert notification.sender is not None
    assert notification.sender.id == setup.ana
    assert await setup.list_notifications(setup.ana) == await setup.list_notifications(setup.cyd) == []


async def test_muted_members_are_not_notified(
    setup: NotificationSetup, mentions: MentionNotifier, conversations: MemoryMessaging
) -> None:
    """A member who muted the conversation is not notified, until it is unmuted."""
    await conversations.set_muted(CONVERSATION_ID, setup.ben, muted=True)
    await mentions.notify([message(1, setup.ana, setup.ben, setup.cyd)], [setup.ana, setup.ben, setup.cyd])
    assert await setup.list_notifications(setup.ben) == []
    assert len(await setup.list_notifications(setup.cyd)) == 1
    await conversations.set_muted(CONVERSATION_ID, setup.ben, muted=False)
    await mentions.notify([message(2, setup.ana, setup.ben)], [setup.ana, setup.ben])
    assert len(await setup.list_notifications(setup.ben)) == 1


async def test_mentions_in_one_conversation_are_grouped(
    setup: NotificationSetup, mentions: MentionNotifier
) -> None:
    """Mentions of one conversation are grouped and link the latest message; repeats change nothing."""
    entries = [message(seq, setup.ana, setup.ben) for seq in (1, 2)]
    for entry in [*entries, *entries]:
        await mentions.notify([entry], [setup.ana, setup.ben])
    (notification,) = await setup.list_notifications(setup.ben)

    assert (notification.message, notification.count) == ("Ana mentioned you (+1 more)", 2)
    assert notification.reference_id == entries[1].id


async def test_blocked_users_are_not_notified(setup: NotificationSetup, mentions: MentionNotifier) -> None:
    """Blocked users do not notify each other in shared groups; nor does a deleted sender notify anyone."""
    await setup.social.block(setup.ben, setup.ana)
    members = [setup.ana, setup.ben, setup.cyd]
    await mentions.notify([message(1, setup.ana, setup.ben, setup.cyd)], members)
    await mentions.notify([message(2, setup.ben, setup.ana)], members)
    del setup.user_source.snapshots[setup.cyd]
    await mentions.notify([message(3, "00000000-0000-4000-8000-000000000009", setup.ben)], members)
    # The notification does not exist, so it does not appear after the unblock either.
    await setup.social.unblock(setup.ben, setup.ana)

    assert [len(await setup.list_notifications(user_id)) for user_id in members] == [0, 0, 1]


async def test_on_done_is_called_with_true(setup: NotificationSetup, mentions: MentionNotifier) -> None:
    """`on_done(True)` is called at once without mentions, else when the notifications are stored."""
    done: list[bool] = []
    mentions.notify_later(message(1, setup.ana, setup.cyd), [setup.ana, setup.ben], done.append)
    assert done == [True]
    mentions.notify_later(message(2, setup.ana, setup.ben), [setup.ana, setup.ben], done.append)
    assert done == [True]
    await until(lambda: len(done) == 2)

    assert done == [True, True]
    assert len(await setup.list_notifications(setup.ben)) == 1


async def test_on_done_is_called_with_false_on_failure(
    setup: NotificationSetup,
    mentions: MentionNotifier,
    conversations: MemoryMessaging,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failure calls `on_done(False)`, so that the pending effect is kept."""
    done: list[bool] = []

    async def fail(notifications: Sequence[NewNotification], cursor_update: CursorUpdate | None) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(setup.store, "add", fail)
        mentions.notify_later(message(1, setup.ana, setup.ben), [setup.ana, setup.ben], done.append)
        await until(lambda: done)
    assert done == [False]
    with monkeypatch.context() as patch:
        patch.setattr(module, "MAX_PENDING", 0)
        full = MentionNotifier(
            setup.store,
            conversations,
            setup.user_cards,
            setup.sender_filter,
            setup.pusher,
            setup.notifications,
        )
        full.notify_later(message(1, setup.ana, setup.ben), [setup.ana, setup.ben], done.append)

    assert done == [False, False]
    assert await setup.list_notifications(setup.ben) == []


async def test_close_waits_for_pending_mentions(setup: NotificationSetup, mentions: MentionNotifier) -> None:
    """Closing waits for running and waiting mentions."""
    done: list[bool] = []
    for seq in range(module.MAX_RUNNING * 2):
        mentions.notify_later(message(seq, setup.ana, setup.ben), [setup.ana, setup.ben], done.append)
    await asyncio.wait_for(mentions.close(), 5.0)

    assert done == [True] * module.MAX_RUNNING * 2
    (notification,) = await setup.list_notifications(setup.ben)
    assert notification.count == module.MAX_RUNNING * 2


async def test_mention_deleted_before_it_is_stored_does_not_notify(
    setup: NotificationSetup, mentions: MentionNotifier
) -> None:
    """The message may be deleted while its mentions wait to be stored or retried."""
    entry = message(1, setup.ana, setup.ben)
    mentions.withdraw_message(entry, ignore)
    await mentions.close()
    await mentions.notify([entry], [setup.ana, setup.ben])

    assert await setup.list_notifications(setup.ben) == []


async def test_one_mention_of_a_group_is_withdrawn(
    setup: NotificationSetup, mentions: MentionNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The notification links the latest other message; a failure of the store is retried."""
    monkeypatch.setattr(mention_notifier, "WITHDRAW_RETRY_DELAYS_S", (0.0, 0.0))
    entries = [message(seq, setup.ana, setup.ben) for seq in (1, 2)]
    for entry in entries:
        await mentions.notify([entry], [setup.ana, setup.ben])
    withdraw = setup.store.withdraw

    async def fail_once(*arguments: object, **options: object) -> object:
        monkeypatch.setattr(setup.store, "withdraw", withdraw)
        raise Unavailable

    monkeypatch.setattr(setup.store, "withdraw", fail_once)
    mentions.withdraw_message(entries[1], ignore)
    await mentions.close()
    (notification,) = await setup.list_notifications(setup.ben)

    assert (notification.message, notification.count) == ("Ana mentioned you", 1)
    assert notification.reference_id == entries[0].id
    mentions.withdraw_conversation(CONVERSATION_ID, [setup.ben], ignore)
    await mentions.close()
    assert await setup.list_notifications(setup.ben) == []


async def test_withdrawal_that_fails_is_reported(
    setup: NotificationSetup, mentions: MentionNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the last attempt, so that a sweeper withdraws later."""
    monkeypatch.setattr(mention_notifier, "WITHDRAW_RETRY_DELAYS_S", (0.0, 0.0))
    done: list[bool] = []

    async def fail(*arguments: object, **options: object) -> object:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(setup.store, "withdraw", fail)
        mentions.withdraw_message(message(1, setup.ana, setup.ben), done.append)
        await mentions.close()
    mentions.withdraw_conversation(CONVERSATION_ID, [setup.ben], done.append)
    await mentions.close()

    assert done == [False, True]


def ignore(_done: bool) -> None:
    """Ignore a result."""
