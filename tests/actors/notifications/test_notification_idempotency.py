"""Each occasion is told once, whatever is heard again and wherever it breaks off."""

import itertools

import pytest

from actors.notifications import notification_consumer
from storage.errors import Conflict, Unavailable
from storage.records.domain_events import Cursor, CursorUpdate
from storage.records.events import EventChange
from tests.actors.domain_events.reader_fixtures import catch_up, reader_of
from tests.actors.notifications.notification_setup import NoticeHouse


async def test_what_comes_again_was_told(house: NoticeHouse) -> None:
    """After a restore or a crash everything may be heard once more, in any order: nothing changes."""
    post_id, event_id = await house.posts.create(house.ana, "p", None, None), await house.event(house.ana)
    for user_id in (house.ben, house.cyd):
        await house.social.follow(user_id, house.ana)
        await house.reactions.like(post_id, user_id)
        await house.reactions.comment(post_id, user_id, "hello", None)
        await house.rsvps.set_rsvp(event_id, user_id, "GOING", waitlist=False)
    await house.events.invite(event_id, house.ana, [house.ben], None)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    await house.catch_up()
    people = (house.ana, house.ben, house.cyd)
    before = [await house.of(one) for one in people]
    await house.notifications.mark_all_read(house.ben)
    read = await house.of(house.ben)
    await house.again()

    assert [len(some) for some in before] == [3, 2, 1]
    assert [await house.of(one) for one in people] == [before[0], read, before[2]]


async def test_without_its_step_nobody_is_notified(house: NoticeHouse) -> None:
    """Somebody else has moved the cursor, and so has notified."""
    await house.social.follow(house.ben, house.ana)
    reader = house.notifiers["social"]
    await house.databases["notifications"].cursors.create(reader.name, Cursor("elsewhere"))
    with pytest.raises(Conflict, match="cursor"):
        await reader.handle(
            await house.told("social"), CursorUpdate(reader.name, Cursor("here"), Cursor("here", 1, 1))
        )

    assert await house.of(house.ana) == []


async def test_many_who_answered_are_told_once_each(
    house: NoticeHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions; when it breaks off between two, those who know are not told again."""
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", 3)
    people = [house.folk.somebody(f"guest{number}") for number in range(8)]
    event_id = await house.event(house.ana)
    for user_id in people:
        await house.rsvps.set_rsvp(event_id, user_id, "INTERESTED", waitlist=False)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    take, takes = house.store.add, itertools.count(1)

    async def break_off(*given: object) -> None:
        if next(takes) in {2, 5}:
            raise Unavailable
        await take(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(house.store, "add", break_off)
    reader = reader_of(house.notifiers["events"], house.databases["events"], house.databases["notifications"])
    for _ in range(2):
        with pytest.raises(Unavailable):
            await catch_up(reader, house.databases["events"], house.databases["notifications"])
    await house.catch_up()

    for user_id in people:
        assert await house.said(user_id) == [("EVENT_UPDATE", "Ana changed Elsewhere", 1)]
