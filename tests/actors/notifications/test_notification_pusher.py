"""Devices are told of notifications through their user's stream: at least once, and known by their ids."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.notifications import notification_consumer, notification_pusher
from actors.notifications.notification_pusher import NotificationPusher
from actors.protocol.server_frames import NotificationCreated
from storage.contracts.events import EventChange
from storage.contracts.notifications import NotificationRecord
from storage.errors import Unavailable
from tests.actors.notifications.notification_setup import NotificationSetup
from tests.until import until


@pytest.fixture
async def running(house: NotificationSetup) -> AsyncIterator[NotificationPusher]:
    """The teller, as it runs in an instance."""
    house.pusher.start()
    yield house.pusher
    await house.pusher.close()


async def pushed_notifications(house: NotificationSetup, user_id: str) -> list[NotificationCreated]:
    return [one for one in await house.pushed_frames(user_id) if isinstance(one, NotificationCreated)]


async def create_liked_post(house: NotificationSetup, *user_ids: str) -> str:
    """Ana has a post that those like."""
    post_id = await house.posts.create(house.ana, "a post", None, None)
    for user_id in user_ids:
        await house.reactions.like(post_id, user_id)
    await house.catch_up()
    return post_id


async def test_notification_is_pushed_with_position_and_unread_count(house: NotificationSetup) -> None:
    """With its place in the stream and how many are unread; then nothing is left to tell."""
    await create_liked_post(house, house.ben)
    await house.social.follow(house.ben, house.ana)
    await house.catch_up()
    assert await house.pusher.push_undelivered() == 2
    heard = await pushed_notifications(house, house.ana)

    assert [one.position for one in heard] == [1, 2]
    assert {one.notification.id: one.notification for one in heard} == {
        one.id: one for one in await house.list_notifications(house.ana)
    }
    assert [one.unread_count for one in heard] == [2, 2]
    assert await house.pusher.push_undelivered() == 0


async def test_grouped_notification_is_pushed_again(house: NotificationSetup) -> None:
    """Under the same id: devices replace it."""
    post_id = await create_liked_post(house, house.ben)
    await house.pusher.push_undelivered()
    await house.reactions.like(post_id, house.cyd)
    await house.catch_up()
    await house.pusher.push_undelivered()
    first, second = await pushed_notifications(house, house.ana)

    assert first.notification.id == second.notification.id
    assert (first.notification.count, second.notification.count) == (1, 2)
    assert (first.unread_count, second.unread_count) == (1, 1)


async def test_crash_before_mark_delivered_pushes_again(
    house: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one tells it again; nobody has two of them."""
    await create_liked_post(house, house.ben)

    async def die(notifications: Sequence[NotificationRecord]) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "mark_delivered", die)
        with pytest.raises(asyncio.CancelledError):
            await house.pusher.push_undelivered()
    assert (
        await NotificationPusher(house.store, house.user_cards, house.stream_writer).push_undelivered() == 1
    )
    heard = await pushed_notifications(house, house.ana)

    assert len(heard) == 2
    assert heard[0].notification == heard[1].notification
    assert [one.id for one in await house.list_notifications(house.ana)] == [heard[0].notification.id]
    assert await house.pusher.push_undelivered() == 0


async def test_change_during_push_is_pushed_again(
    house: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noted as told is only what was: the rest is told by the next look."""
    post_id = await create_liked_post(house, house.ben)
    told = house.store.mark_delivered

    async def meanwhile(notifications: Sequence[NotificationRecord]) -> None:
        monkeypatch.setattr(house.store, "mark_delivered", told)
        await house.reactions.like(post_id, house.cyd)
        await house.catch_up("posts")
        await told(notifications)

    monkeypatch.setattr(house.store, "mark_delivered", meanwhile)
    assert await house.pusher.push_undelivered() == 2

    assert [one.notification.count for one in await pushed_notifications(house, house.ana)] == [1, 2]


async def test_read_notification_is_not_pushed(house: NotificationSetup) -> None:
    """Somebody who looked already needs no news of it."""
    await create_liked_post(house, house.ben)
    await house.notifications.mark_all_read(house.ana)

    assert await house.pusher.push_undelivered() == 0
    assert await pushed_notifications(house, house.ana) == []


async def test_pushes_are_batched(house: NotificationSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, the oldest first."""
    monkeypatch.setattr(notification_pusher, "BATCH_SIZE", 2)
    for _ in range(5):
        await create_liked_post(house, house.ben)

    assert await house.pusher.push_undelivered() == 5
    heard = await pushed_notifications(house, house.ana)
    assert [one.notification.id for one in heard][::-1] == [
        one.id for one in await house.list_notifications(house.ana)
    ]


@pytest.mark.parametrize("portion", [1, 1000])
async def test_wake_pushes_immediately(
    house: NotificationSetup, running: NotificationPusher, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    """Whoever notifies wakes it, also when all of it was taken in in portions."""
    monkeypatch.setattr(notification_pusher, "POLL_INTERVAL_S", 600.0)
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", portion)
    event_id = await house.create_event(house.ana)
    await house.rsvps.set_rsvp(event_id, house.ben, "GOING", waitlist=False)
    await house.events.change(event_id, EventChange(title="Elsewhere"))
    await house.catch_up()
    await wait_for_frames(house, house.ben, 1)

    assert [one.notification.message for one in await pushed_notifications(house, house.ben)] == [
        "Ana changed Elsewhere"
    ]


async def test_unavailable_store_is_polled_again(
    house: NotificationSetup, running: NotificationPusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wakes it, and what could not be told is told by a later look."""
    monkeypatch.setattr(notification_pusher, "POLL_INTERVAL_S", 0.01)
    failures = 0
    note = house.store.mark_delivered

    async def away(notifications: Sequence[NotificationRecord]) -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise Unavailable
        await note(notifications)

    monkeypatch.setattr(house.store, "mark_delivered", away)
    await create_liked_post(house, house.ben)
    await until(lambda: failures == 3)
    await wait_for_frames(house, house.ana, 3)

    assert len({one.notification.id for one in await pushed_notifications(house, house.ana)}) == 1


async def test_push_without_broker_reports_stream_loss(house: NotificationSetup) -> None:
    """What could not be put on the stream is lost there, and said to be; it stays where it is kept."""
    lost: list[str] = []
    house.stream_writer.on_loss(lost.extend, lambda: None)
    await create_liked_post(house, house.ben)
    house.broker.disconnect()
    assert await house.pusher.push_undelivered() == 1
    house.broker.reconnect()

    assert lost == [house.ana]
    assert len(await house.list_notifications(house.ana)) == 1
    assert await pushed_notifications(house, house.ana) == []


async def wait_for_frames(house: NotificationSetup, user_id: str, frames: int) -> None:
    """Wait until the user's devices have heard so many frames."""
    async with asyncio.timeout(5.0):
        while len(await house.pushed_frames(user_id)) < frames:  # noqa: ASYNC110 - the stream belongs to no loop
            await asyncio.sleep(0)
