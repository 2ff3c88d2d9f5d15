"""Each occasion is told once, whatever is heard again and wherever it breaks off."""

import itertools

import pytest

from actors.notifications import notification_consumer
from storage.errors import Conflict, Unavailable
from storage.records.domain_events import Cursor, CursorUpdate
from storage.records.events import EventChange
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader
from tests.actors.notifications.notification_setup import NotificationSetup


async def test_replayed_events_change_nothing(setup: NotificationSetup) -> None:
    """After a restore or a crash everything may be heard once more, in any order: nothing changes."""
    post_id, event_id = (
        await setup.posts.create(setup.ana, "p", None, None),
        await setup.create_event(setup.ana),
    )
    for user_id in (setup.ben, setup.cyd):
        await setup.social.follow(user_id, setup.ana)
        await setup.reactions.like(post_id, user_id)
        await setup.reactions.comment(post_id, user_id, "hello", None)
        await setup.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False)
    await setup.events.invite(event_id, setup.ana, [setup.ben], None)
    await setup.events.change(event_id, EventChange(title="Elsewhere"))
    await setup.catch_up()
    people = (setup.ana, setup.ben, setup.cyd)
    before = [await setup.list_notifications(one) for one in people]
    await setup.notifications.mark_all_read(setup.ben)
    read = await setup.list_notifications(setup.ben)
    await setup.replay_all()

    assert [len(some) for some in before] == [3, 2, 1]
    assert [await setup.list_notifications(one) for one in people] == [before[0], read, before[2]]


async def test_cursor_conflict_creates_no_notifications(setup: NotificationSetup) -> None:
    """Somebody else has moved the cursor, and so has notified."""
    await setup.social.follow(setup.ben, setup.ana)
    reader = setup.consumers["social"]
    await setup.databases["notifications"].cursors.create(reader.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await reader.handle(
            await setup.read_all_events("social"),
            CursorUpdate(reader.name, Cursor("here"), Cursor("here", 1, 1)),
        )

    assert await setup.list_notifications(setup.ana) == []


async def test_interrupted_batches_notify_each_user_once(
    setup: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions; when it breaks off between two, those who know are not told again."""
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", 3)
    people = [setup.user_source.add_user(f"guest{number}") for number in range(8)]
    event_id = await setup.create_event(setup.ana)
    for user_id in people:
        await setup.rsvps.set_rsvp(event_id, user_id, "INTERESTED", waitlist=False)
    await setup.events.change(event_id, EventChange(title="Elsewhere"))
    take, takes = setup.store.add, itertools.count(1)

    async def break_off(*given: object) -> None:
        if next(takes) in {2, 5}:
            raise Unavailable
        await take(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(setup.store, "add", break_off)
    reader = make_reader(
        setup.consumers["events"], setup.databases["events"], setup.databases["notifications"]
    )
    for _ in range(2):
        with pytest.raises(Unavailable):
            await catch_up(reader, setup.databases["events"], setup.databases["notifications"])
    await setup.catch_up()

    for user_id in people:
        assert await setup.list_messages(user_id) == [("EVENT_UPDATE", "Ana changed Elsewhere", 1)]
