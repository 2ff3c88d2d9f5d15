"""Notifications are pushed through the user's stream, at least once, and deduplicated by id."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from actors.notifications import notification_consumer, notification_pusher
from actors.notifications.notification_pusher import NotificationPusher
from actors.protocol.server_frames import NotificationCreated
from storage.contracts.events import EventChange
from storage.contracts.notifications import NotificationRecord
from storage.contracts.posts import NewPostRecord
from storage.errors import Unavailable
from tests.actors.notifications.notification_setup import NotificationSetup
from tests.until import until


@pytest.fixture
def rare_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Request it before `setup`."""
    monkeypatch.setattr(notification_pusher, "POLL_INTERVAL_S", 600.0)


@pytest.fixture
def frequent_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Request it before `setup`."""
    monkeypatch.setattr(notification_pusher, "POLL_INTERVAL_S", 0.01)


@pytest.fixture
async def running(setup: NotificationSetup) -> AsyncIterator[NotificationPusher]:
    """The running pusher."""
    setup.pusher.start()
    yield setup.pusher
    await setup.pusher.close()


async def pushed_notifications(setup: NotificationSetup, user_id: str) -> list[NotificationCreated]:
    return [frame for frame in await setup.pushed_frames(user_id) if isinstance(frame, NotificationCreated)]


async def create_liked_post(setup: NotificationSetup, *user_ids: str) -> str:
    """Create a post by Ana with likes by the given users."""
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    for user_id in user_ids:
        await setup.reactions.like(post_id, user_id)
    await setup.catch_up()
    return post_id


async def test_notification_is_pushed_with_position_and_unread_count(setup: NotificationSetup) -> None:
    """A pushed notification has its stream position and unread count, and is pushed once."""
    await create_liked_post(setup, setup.ben)
    await setup.social.follow(setup.ben, setup.ana)
    await setup.catch_up()
    assert await setup.pusher.push_undelivered() == 2
    frames = await pushed_notifications(setup, setup.ana)

    assert [frame.position for frame in frames] == [1, 2]
    assert {frame.notification.id: frame.notification for frame in frames} == {
        notification.id: notification for notification in await setup.list_notifications(setup.ana)
    }
    assert [frame.unread_count for frame in frames] == [2, 2]
    assert await setup.pusher.push_undelivered() == 0


async def test_grouped_notification_is_pushed_again(setup: NotificationSetup) -> None:
    """A grouped notification is pushed again with the same id."""
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
    """After a crash before `mark_delivered` the same notification is pushed again."""
    await create_liked_post(setup, setup.ben)

    async def crash(notifications: Sequence[NotificationRecord]) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(setup.store, "mark_delivered", crash)
        with pytest.raises(asyncio.CancelledError):
            await setup.pusher.push_undelivered()
    assert (
        await NotificationPusher(setup.store, setup.user_cards, setup.stream_writer).push_undelivered() == 1
    )
    frames = await pushed_notifications(setup, setup.ana)

    assert len(frames) == 2
    assert frames[0].notification == frames[1].notification
    assert [notification.id for notification in await setup.list_notifications(setup.ana)] == [
        frames[0].notification.id
    ]
    assert await setup.pusher.push_undelivered() == 0


async def test_change_during_push_is_pushed_again(
    setup: NotificationSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notification that changed during the push is pushed again with its new count."""
    post_id = await create_liked_post(setup, setup.ben)
    mark_delivered = setup.store.mark_delivered

    async def like_and_mark(notifications: Sequence[NotificationRecord]) -> None:
        monkeypatch.setattr(setup.store, "mark_delivered", mark_delivered)
        await setup.reactions.like(post_id, setup.cyd)
        await setup.catch_up("posts")
        await mark_delivered(notifications)

    monkeypatch.setattr(setup.store, "mark_delivered", like_and_mark)
    assert await setup.pusher.push_undelivered() == 2

    assert [frame.notification.count for frame in await pushed_notifications(setup, setup.ana)] == [1, 2]


async def test_read_notification_is_not_pushed(setup: NotificationSetup) -> None:
    """A notification that was read before the push is not pushed."""
    await create_liked_post(setup, setup.ben)
    await setup.notifications.mark_all_read(setup.ana)

    assert await setup.pusher.push_undelivered() == 0
    assert await pushed_notifications(setup, setup.ana) == []


async def test_pushes_are_batched(setup: NotificationSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """All batches are pushed, each notification once, oldest first."""
    monkeypatch.setattr(notification_pusher, "BATCH_SIZE", 2)
    for _ in range(5):
        await create_liked_post(setup, setup.ben)

    assert await setup.pusher.push_undelivered() == 5
    frames = await pushed_notifications(setup, setup.ana)
    assert [frame.notification.id for frame in frames][::-1] == [
        notification.id for notification in await setup.list_notifications(setup.ana)
    ]


@pytest.mark.parametrize("batch_size", [1, 1000])
async def test_wake_pushes_immediately(
    rare_polls: None,
    setup: NotificationSetup,
    running: NotificationPusher,
    monkeypatch: pytest.MonkeyPatch,
    batch_size: int,
) -> None:
    """New notifications wake the pusher, also if they are stored in batches."""
    monkeypatch.setattr(notification_consumer, "USERS_PER_BATCH", batch_size)
    event_id = await setup.create_event(setup.ana)
    await setup.rsvps.set_rsvp(event_id, setup.ben, "GOING", waitlist=False)
    await setup.events.change(event_id, EventChange(title="Elsewhere"))
    await setup.catch_up()
    await wait_for_frames(setup, setup.ben, 1)

    assert [frame.notification.message for frame in await pushed_notifications(setup, setup.ben)] == [
        "Ana updated Elsewhere"
    ]


async def test_unavailable_store_is_polled_again(
    frequent_polls: None,
    setup: NotificationSetup,
    running: NotificationPusher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a store failure the pusher retries by polling."""
    failures = 0
    mark_delivered = setup.store.mark_delivered

    async def fail_twice(notifications: Sequence[NotificationRecord]) -> None:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise Unavailable
        await mark_delivered(notifications)

    monkeypatch.setattr(setup.store, "mark_delivered", fail_twice)
    await create_liked_post(setup, setup.ben)
    await until(lambda: failures == 3)
    await wait_for_frames(setup, setup.ana, 3)

    assert len({frame.notification.id for frame in await pushed_notifications(setup, setup.ana)}) == 1


async def test_push_without_broker_reports_stream_loss(setup: NotificationSetup) -> None:
    """A push that the broker rejects is reported as stream loss; the notification stays undelivered."""
    lost: list[str] = []
    setup.stream_writer.set_loss_callbacks(lost.extend, lambda: None)
    await create_liked_post(setup, setup.ben)
    setup.broker.disconnect()
    assert await setup.pusher.push_undelivered() == 0
    setup.broker.reconnect()

    assert lost == [setup.ana]
    assert len(await setup.list_notifications(setup.ana)) == 1
    assert await pushed_notifications(setup, setup.ana) == []


async def wait_for_frames(setup: NotificationSetup, user_id: str, frames: int) -> None:
    """Wait until the user's stream has `frames` frames."""
    async with asyncio.timeout(5.0):
        while len(await setup.pushed_frames(user_id)) < frames:  # noqa: ASYNC110 - the stream belongs to no loop
            await asyncio.sleep(0)


async def test_notification_that_was_not_appended_is_pushed_later(setup: NotificationSetup) -> None:
    """It stays undelivered while the streams are unavailable, and any instance pushes it afterwards."""
    await create_liked_post(setup, setup.ben)
    setup.streams.fail_next(after_append=False)
    assert await setup.pusher.push_undelivered() == 0
    other = NotificationPusher(setup.store, setup.user_cards, setup.stream_writer)
    assert await other.push_undelivered() == 1

    assert [frame.unread_count for frame in await pushed_notifications(setup, setup.ana)] == [1]
