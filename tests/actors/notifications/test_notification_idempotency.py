"""Each occasion is told once, whatever is heard again and wherever it breaks off."""

import itertools

import pytest

from actors.notifications import notification_consumer
from storage.contracts.domain_events import Cursor, CursorUpdate
from storage.contracts.events import EventChange
from storage.errors import Conflict, Unavailable
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader
from tests.actors.notifications.notification_setup import NotificationSetup


async def test_replayed_events_change_nothing(house: NotificationSetup) -> None:
    """After a restore or a crash everything may be heard once more, in any order: nothing changes."""
    post_id, event_id = (
        await house.posts.create(house.ana, "p", None, None),
        await house.create_event(house.ana),
    )
    for user_id in (house.ben, house.cyd):
        await house.social.follow(user_id, house.ana)
        await house.reactions.like(post_id, user_id)
        await house.reactions.comment(post_id, user_id, "hello", None)
        await house.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False)
    await house.events.invite(event_id, house.ana, [house.ben], None)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    await house.catch_up()
    people = (house.ana, house.ben, house.cyd)
    before = [await house.list_notifications(one) for one in people]
    await house.notifications.mark_all_read(house.ben)
    read = await house.list_notifications(house.ben)
    await house.replay_all()

    assert [len(some) for some in before] == [3, 2, 1]
    assert [await house.list_notifications(one) for one in people] == [before[0], read, before[2]]


async def test_cursor_conflict_creates_no_notifications(house: NotificationSetup) -> None:
    """Somebody else has moved the cursor, and so has notified."""
    await house.social.follow(house.ben, house.ana)
    reader = house.consumers["social"]
    await house.databases["notifications"].cursors.create(reader.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await reader.handle(
            await house.read_all_events("social"),
            CursorUpdate(reader.name, Cursor("here"), Cursor("here", 1, 1)),
        )

    assert await house.list_notifications(house.ana) == []


async def test_interrupted_batches_notify_each_user_once(
    house: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions; when it breaks off between two, those who know are not told again."""
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", 3)
    people = [house.user_source.add_user(f"guest{number}") for number in range(8)]
    event_id = await house.create_event(house.ana)
    for user_id in people:
        await house.rsvps.set_rsvp(event_id, user_id, "INTERESTED", waitlist=False)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    take, takes = house.store.add, itertools.count(1)

    async def break_off(*given: object) -> None:
        if next(takes) in {2, 5}:
            raise Unavailable
        await take(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(house.store, "add", break_off)
    reader = make_reader(
        house.consumers["events"], house.databases["events"], house.databases["notifications"]
    )
    for _ in range(2):
        with pytest.raises(Unavailable):
            await catch_up(reader, house.databases["events"], house.databases["notifications"])
    await house.catch_up()

    for user_id in people:
        assert await house.list_messages(user_id) == [("EVENT_UPDATE", "Ana changed Elsewhere", 1)]
