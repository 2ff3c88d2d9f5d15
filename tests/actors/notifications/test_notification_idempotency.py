"""Every action notifies once, despite repeated events and interrupted batches."""

import itertools

import pytest

from actors.notifications import notification_consumer
from storage.contracts.domain_events import Cursor, CursorUpdate
from storage.contracts.events import EventChange
from storage.contracts.posts import NewPostRecord
from storage.errors import Conflict, Unavailable
from tests.actors.domain_events.reader_fixtures import catch_up, make_reader
from tests.actors.notifications.notification_setup import NotificationSetup


async def test_replayed_events_change_nothing(setup: NotificationSetup) -> None:
    """Handling all events again, in another order, changes nothing."""
    post_id, event_id = (
        await setup.posts.create(NewPostRecord(setup.ana, "p"), None),
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
    user_ids = (setup.ana, setup.ben, setup.cyd)
    before = [await setup.list_notifications(user_id) for user_id in user_ids]
    await setup.notifications.mark_all_read(setup.ben)
    read = await setup.list_notifications(setup.ben)
    await setup.replay_all()

    assert [len(notifications) for notifications in before] == [3, 2, 1]
    assert [await setup.list_notifications(user_id) for user_id in user_ids] == [before[0], read, before[2]]


async def test_cursor_conflict_creates_no_notifications(setup: NotificationSetup) -> None:
    """If another reader moved the cursor, no notification is stored."""
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
    """After an interruption between two batches, users of the first are not notified again."""
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", 3)
    user_ids = [setup.user_source.add_user(f"user{number}") for number in range(8)]
    event_id = await setup.create_event(setup.ana)
    for user_id in user_ids:
        await setup.rsvps.set_rsvp(event_id, user_id, "INTERESTED", waitlist=False)
    await setup.events.change(event_id, EventChange(title="Elsewhere"))
    add, calls = setup.store.add, itertools.count(1)

    async def fail_sometimes(*arguments: object) -> None:
        if next(calls) in {2, 5}:
            raise Unavailable
        await add(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(setup.store, "add", fail_sometimes)
    reader = make_reader(
        setup.consumers["events"], setup.databases["events"], setup.databases["notifications"]
    )
    for _ in range(2):
        with pytest.raises(Unavailable):
            await catch_up(reader, setup.databases["events"], setup.databases["notifications"])
    await setup.catch_up()

    for user_id in user_ids:
        assert await setup.list_messages(user_id) == [("EVENT_UPDATE", "Ana updated Elsewhere", 1)]
