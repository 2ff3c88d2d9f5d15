"""Messages that name somebody: those of them who are in the conversation are notified, once."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.notifications import mention_notifier as module
from actors.notifications.mention_notifier import MentionNotifier
from storage.errors import Unavailable
from storage.memory.messaging import MemoryMessaging
from storage.records.domain_events import CursorUpdate
from storage.records.identifiers import entry_id, new_attempt_id, new_id
from storage.records.messaging import MessageEntry
from storage.records.notifications import NewNotification
from tests.actors.notifications.notification_setup import NoticeHouse
from tests.until import until

ROOM = new_id()


@pytest.fixture
def conversations() -> MemoryMessaging:
    return MemoryMessaging()


@pytest.fixture
async def mentions(house: NoticeHouse, conversations: MemoryMessaging) -> AsyncIterator[MentionNotifier]:
    made = MentionNotifier(house.store, conversations, house.people, house.relations, house.teller)
    yield made
    await made.close()


def message(seq: int, sender_id: str, *named: str) -> MessageEntry:
    return MessageEntry(
        id=entry_id(ROOM, seq),
        conversation_id=ROOM,
        seq=seq,
        changed_seq=seq,
        attempt_id=new_attempt_id(),
        sender_id=sender_id,
        client_id=f"c{seq}",
        content="secret words",
        message_type="TEXT",
        mentions=named,
        reply_to=None,
        created_at_ms=1_790_000_000_000,
    )


async def test_members_who_are_named_are_notified(house: NoticeHouse, mentions: MentionNotifier) -> None:
    """With the message and its conversation, and without its words; no stranger, and not oneself."""
    entry = message(1, house.ana, house.ana, house.ben, house.cyd)
    await mentions.notify(entry, [house.ana, house.ben])
    (told,) = await house.of(house.ben)

    assert (told.type, told.title, told.message) == ("MENTION", "You were mentioned", "Ana mentioned you")
    assert (told.reference_id, told.conversation_id) == (entry.id, ROOM)
    assert told.sender is not None
    assert told.sender.id == house.ana
    assert await house.of(house.ana) == await house.of(house.cyd) == []


async def test_who_muted_the_conversation_is_left_in_peace(
    house: NoticeHouse, mentions: MentionNotifier, conversations: MemoryMessaging
) -> None:
    """Others who are named are notified; unmuted again, so is that one."""
    await conversations.set_muted(ROOM, house.ben, muted=True)
    await mentions.notify(message(1, house.ana, house.ben, house.cyd), [house.ana, house.ben, house.cyd])
    assert await house.of(house.ben) == []
    assert len(await house.of(house.cyd)) == 1
    await conversations.set_muted(ROOM, house.ben, muted=False)
    await mentions.notify(message(2, house.ana, house.ben), [house.ana, house.ben])
    assert len(await house.of(house.ben)) == 1


async def test_one_conversation_counts_up(house: NoticeHouse, mentions: MentionNotifier) -> None:
    """The latest message is the one that is referred to; the same one again changes nothing."""
    entries = [message(seq, house.ana, house.ben) for seq in (1, 2)]
    for entry in [*entries, *entries]:
        await mentions.notify(entry, [house.ana, house.ben])
    (told,) = await house.of(house.ben)

    assert (told.message, told.count) == ("Ana mentioned you, 1 more before", 2)
    assert told.reference_id == entries[1].id


async def test_nobody_is_mentioned_across_a_block(house: NoticeHouse, mentions: MentionNotifier) -> None:
    """Groups that they share go on, but in them neither calls the other; nor does a deleted sender."""
    await house.social.block(house.ben, house.ana)
    members = [house.ana, house.ben, house.cyd]
    await mentions.notify(message(1, house.ana, house.ben, house.cyd), members)
    await mentions.notify(message(2, house.ben, house.ana), members)
    del house.folk.named[house.cyd]
    await mentions.notify(message(3, "00000000-0000-4000-8000-000000000009", house.ben), members)
    # Not only kept from sight for as long as the block lasts.
    await house.social.unblock(house.ben, house.ana)

    assert [len(await house.of(one)) for one in members] == [0, 0, 1]


async def test_it_says_when_it_is_done(house: NoticeHouse, mentions: MentionNotifier) -> None:
    """At once where there is nobody to tell, and else when it is kept."""
    done: list[bool] = []
    mentions.notify_later(message(1, house.ana, house.cyd), [house.ana, house.ben], done.append)
    assert done == [True]
    mentions.notify_later(message(2, house.ana, house.ben), [house.ana, house.ben], done.append)
    assert done == [True]
    await until(lambda: len(done) == 2)

    assert done == [True, True]
    assert len(await house.of(house.ben)) == 1


async def test_what_fails_is_left_to_be_tried_again(
    house: NoticeHouse, mentions: MentionNotifier, monkeypatch: pytest.MonkeyPatch
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
    assert await house.of(house.ben) == []


async def test_closing_lets_what_was_begun_finish(house: NoticeHouse, mentions: MentionNotifier) -> None:
    """Also what waits for its turn."""
    done: list[bool] = []
    for seq in range(module.MAX_RUNNING * 2):
        mentions.notify_later(message(seq, house.ana, house.ben), [house.ana, house.ben], done.append)
    await asyncio.wait_for(mentions.close(), 5.0)

    assert done == [True] * module.MAX_RUNNING * 2
    (told,) = await house.of(house.ben)
    assert told.count == module.MAX_RUNNING * 2
