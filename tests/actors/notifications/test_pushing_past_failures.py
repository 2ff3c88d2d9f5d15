"""Notifications that cannot be appended do not delay those of users on other servers."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from actors.delivery.stream_writer import StreamWriter
from actors.notifications import notification_pusher
from actors.notifications.notification_pusher import FAILED_BATCHES_MAX, NotificationPusher
from actors.protocol.objects import UserCard
from actors.protocol.server_frames import StreamFrame
from actors.user_cache.user_cards import UserCards
from storage.contracts.notifications import NotificationRecord, NotificationStore, UndeliveredNotification
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.user_cache import UserCardRecord

BATCH_SIZE = 2


class Undelivered:
    """A `NotificationStore` of undelivered notifications: one of each user, in this order."""

    def __init__(self, user_ids: Sequence[str]) -> None:
        start = datetime(2030, 1, 1, tzinfo=UTC)
        self.left = [
            NotificationRecord(
                f"{number:04}", user_id, "FOLLOW", "", "", None, None, None, False, 1,
                start + timedelta(seconds=number),
            )
            for number, user_id in enumerate(user_ids)
        ]  # fmt: skip
        self.lists = 0

    async def list_undelivered(self, after: PageKey | None, limit: int) -> list[UndeliveredNotification]:
        self.lists += 1
        following = [
            one for one in self.left if after is None or (to_microseconds(one.created_at), one.id) > after
        ]
        return [UndeliveredNotification(one, 1) for one in following[:limit]]

    async def mark_delivered(self, notifications: Sequence[NotificationRecord]) -> None:
        self.left = [one for one in self.left if one not in notifications]


class LossyStreams:
    """A `StreamWriter` that appends nothing for some users."""

    def __init__(self, lost: Collection[str]) -> None:
        self.lost = lost
        self.pushed: list[str] = []

    async def append(self, user_ids: Sequence[str], _frame: StreamFrame) -> bool:
        if user_ids[0] in self.lost:
            return False
        self.pushed += user_ids
        return True


class NoCards:
    async def for_records(self, _records: Iterable[UserCardRecord]) -> dict[str, UserCard]:
        return {}


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notification_pusher, "BATCH_SIZE", BATCH_SIZE)


def create_pusher(store: Undelivered, streams: LossyStreams) -> NotificationPusher:
    return NotificationPusher(
        cast("NotificationStore", store), cast("UserCards", NoCards()), cast("StreamWriter", streams)
    )


async def test_lost_streams_do_not_delay_notifications_of_others() -> None:
    """One poll passes whole batches that fail; the failed ones are pushed once their server is back."""
    store = Undelivered(["lost"] * (2 * BATCH_SIZE + 1) + ["ana"] + ["lost"] * BATCH_SIZE + ["ben"])
    streams = LossyStreams({"lost"})
    pusher = create_pusher(store, streams)

    assert await pusher.push_undelivered() == 2
    assert streams.pushed == ["ana", "ben"]
    streams.lost = ()
    assert await pusher.push_undelivered() == len(streams.pushed) - 2
    assert store.left == []


async def test_poll_ends_after_some_batches_without_success() -> None:
    """The next one continues there, so that a poll costs little while all streams are lost."""
    store = Undelivered(["lost"] * (FAILED_BATCHES_MAX * BATCH_SIZE) + ["ana"])
    streams = LossyStreams({"lost"})
    pusher = create_pusher(store, streams)

    assert await pusher.push_undelivered() == 0
    assert store.lists == FAILED_BATCHES_MAX
    assert await pusher.push_undelivered() == 1
    assert streams.pushed == ["ana"]
