"""Devices are told of notifications through their user's stream: at least once, and known by their ids."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.notifications import notification_consumer, notification_pusher
from actors.notifications.notification_pusher import NotificationPusher
from actors.protocol.server_frames import NotificationCreated
from storage.errors import Unavailable
from storage.records.events import EventChange
from storage.records.notifications import NotificationRecord
from tests.actors.notifications.notification_setup import NotificationSetup
from tests.until import until


@pytest.fixture
async def running(setup: NotificationSetup) -> AsyncIterator[NotificationPusher]:
    """The teller, as it runs in an instance."""
    setup.pusher.start()
    yield setup.pusher
    await setup.pusher.close()


async def pushed_notifications(setup: NotificationSetup, user_id: str) -> list[NotificationCreated]:
    return [one for one in await setup.pushed_frames(user_id) if isinstance(one, NotificationCreated)]


async def create_liked_post(setup: NotificationSetup, *user_ids: str) -> str:
    """Ana has a post that those like."""
    post_id = await setup.posts.create(setup.ana, "a post", None, None)
    for user_id in user_ids:
        await setup.reactions.like(post_id, user_id)
    await setup.catch_up()
    return post_id


async def test_notification_is_pushed_with_position_and_unread_count(setup: NotificationSetup) -> None:
    """With its place in the stream and how many are unread; then nothing is left to tell."""
    await create_liked_post(setup, setup.ben)
    await setup.social.follow(setup.ben, setup.ana)
    await setup.catch_up()
    assert await setup.pusher.push_undelivered() == 2
    heard = await pushed_notifications(setup, setup.ana)

    assert [one.position for one in heard] == [1, 2]
    assert {one.notification.id: one.notification for one in heard} == {
        one.id: one for one in await setup.list_notifications(setup.ana)
    }
    assert [one.unread_count for one in heard] == [2, 2]
    assert await setup.pusher.push_undelivered() == 0


async def test_grouped_notification_is_pushed_again(setup: NotificationSetup) -> None:
    """Under the same id: devices replace it."""
    post_id = await create_liked_post(setup, setup.ben)
    await setup.pusher.push_undelivered()
    await setup.reactions.like(post_id, setup.cyd)
    await setup.catch_up()
    await setup.pusher.push_undelivered()
    first, second = await pushed_notifications(setup, setup.ana)

    assert first.notification.id == second.notification.id
    assert (first.notification.count, second.notification.count) == (1, 2)
    assert (first.unread_count, second.unread_count) == (1, 1)


async def test_crash_before_mark_delivered_pushes_again(
    setup: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one tells it again; nobody has two of them."""
    await create_liked_post(setup, setup.ben)

    async def die(notifications: Sequence[NotificationRecord]) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(setup.store, "mark_delivered", die)
        with pytest.raises(asyncio.CancelledError):
            await setup.pusher.push_undelivered()
    assert (
        await NotificationPusher(setup.store, setup.user_cards, setup.stream_writer).push_undelivered() == 1
    )
    heard = await pushed_notifications(setup, setup.ana)

    assert len(heard) == 2
    assert heard[0].notification == heard[1].notification
    assert [one.id for one in await setup.list_notifications(setup.ana)] == [heard[0].notification.id]
    assert await setup.pusher.push_undelivered() == 0


async def test_change_during_push_is_pushed_again(
    setup: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noted as told is only what was: the rest is told by the next look."""
    post_id = await create_liked_post(setup, setup.ben)
    told = setup.store.mark_delivered

    async def meanwhile(notifications: Sequence[NotificationRecord]) -> None:
        monkeypatch.setattr(setup.store, "mark_delivered", told)
        await setup.reactions.like(post_id, setup.cyd)
        await setup.catch_up("posts")
        await told(notifications)

    monkeypatch.setattr(setup.store, "mark_delivered", meanwhile)
    assert await setup.pusher.push_undelivered() == 2

    assert [one.notification.count for one in await pushed_notifications(setup, setup.ana)] == [1, 2]


async def test_read_notification_is_not_pushed(setup: NotificationSetup) -> None:
    """Somebody who looked already needs no news of it."""
    await create_liked_post(setup, setup.ben)
    await setup.notifications.mark_all_read(setup.ana)

    assert await setup.pusher.push_undelivered() == 0
    assert await pushed_notifications(setup, setup.ana) == []


async def test_pushes_are_batched(setup: NotificationSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, the oldest first."""
    monkeypatch.setattr(notification_pusher, "BATCH_SIZE", 2)
    for _ in range(5):
        await create_liked_post(setup, setup.ben)

    assert await setup.pusher.push_undelivered() == 5
    heard = await pushed_notifications(setup, setup.ana)
    assert [one.notification.id for one in heard][::-1] == [
        one.id for one in await setup.list_notifications(setup.ana)
    ]


@pytest.mark.parametrize("portion", [1, 1000])
async def test_wake_pushes_immediately(
    setup: NotificationSetup, running: NotificationPusher, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    """Whoever notifies wakes it, also when all of it was taken in in portions."""
    monkeypatch.setattr(notification_pusher, "POLL_INTERVAL_S", 600.0)
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", portion)
    event_id = await setup.create_event(setup.ana)
    await setup.rsvps.set_rsvp(event_id, setup.ben, "GOING", waitlist=False)
    await setup.events.change(event_id, EventChange(title="Elsewhere"))
    await setup.catch_up()
    await wait_for_frames(setup, setup.ben, 1)

    assert [one.notification.message for one in await pushed_notifications(setup, setup.ben)] == [
        "Ana changed Elsewhere"
    ]


async def test_unavailable_store_is_polled_again(
    setup: NotificationSetup, running: NotificationPusher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody wakes it, and what could not be told is told by a later look."""
    monkeypatch.setattr(notification_pusher, "POLL_INTERVAL_S", 0.01)
    failures = 0
    note = setup.store.mark_delivered

    async def away(notifications: Sequence[NotificationRecord]) -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise Unavailable
        await note(notifications)

    monkeypatch.setattr(setup.store, "mark_delivered", away)
    await create_liked_post(setup, setup.ben)
    await until(lambda: failures == 3)
    await wait_for_frames(setup, setup.ana, 3)

    assert len({one.notification.id for one in await pushed_notifications(setup, setup.ana)}) == 1


async def test_push_without_broker_reports_stream_loss(setup: NotificationSetup) -> None:
    """What could not be put on the stream is lost there, and said to be; it stays where it is kept."""
    lost: list[str] = []
    setup.stream_writer.on_loss(lost.extend, lambda: None)
    await create_liked_post(setup, setup.ben)
    setup.broker.disconnect()
    assert await setup.pusher.push_undelivered() == 1
    setup.broker.reconnect()

    assert lost == [setup.ana]
    assert len(await setup.list_notifications(setup.ana)) == 1
    assert await pushed_notifications(setup, setup.ana) == []


async def wait_for_frames(setup: NotificationSetup, user_id: str, frames: int) -> None:
    """Wait until the user's devices have heard so many frames."""
    async with asyncio.timeout(5.0):
        while len(await setup.pushed_frames(user_id)) < frames:  # noqa: ASYNC110 - the stream belongs to no loop
            await asyncio.sleep(0)
