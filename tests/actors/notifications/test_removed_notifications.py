"""The removal of notifications, pushed to the devices of their recipients."""

from collections.abc import Sequence
from typing import Any, cast

from actors.delivery.stream_writer import StreamWriter
from actors.notifications.notifications import Notifications
from actors.protocol.errors import overloaded
from actors.protocol.server_frames import NotificationRead, StreamFrame
from config.limits import NOTIFICATION_IDS_PER_FRAME
from storage.errors import Unavailable
from tests.until import until


class RecordedStreams:
    """Records frames instead of appending them to the streams of users."""

    def __init__(self) -> None:
        self.frames: list[tuple[Sequence[str], StreamFrame]] = []

    async def append(self, user_ids: Sequence[str], frame: StreamFrame) -> bool:
        self.frames.append((user_ids, frame))
        return True


class UnreadStore:
    """A user has as many unread notifications as the id says."""

    async def unread_counts(self, user_ids: Sequence[str]) -> dict[str, int]:
        return {user_id: int(user_id) for user_id in user_ids}


async def test_removal_of_many_is_pushed_in_several_frames() -> None:
    """One frame with all of them would not fit into a send queue."""
    streams, unused = RecordedStreams(), cast("Any", None)
    notifications = Notifications(
        cast("Any", UnreadStore()), unused, unused, unused, cast("StreamWriter", streams)
    )
    ids = [str(number) for number in range(2 * NOTIFICATION_IDS_PER_FRAME + 1)]
    await notifications.push_removed({"7": ids, "3": ["one"]})
    await notifications.close()
    parts = [ids[:NOTIFICATION_IDS_PER_FRAME], ids[NOTIFICATION_IDS_PER_FRAME:-1], ids[-1:]]
    assert streams.frames == [
        *((["7"], NotificationRead(0, part, 7, withdrawn=True)) for part in parts),
        (["3"], NotificationRead(0, ["one"], 3, withdrawn=True)),
    ]


class FailingStore(UnreadStore):
    """Is unavailable for the first reads."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)

    async def unread_counts(self, user_ids: Sequence[str]) -> dict[str, int]:
        if self._failures:
            raise self._failures.pop()
        return await super().unread_counts(user_ids)

    async def mark_all_read(self, _user_id: str) -> int:
        return 1


async def test_what_is_stored_is_pushed_when_the_unread_count_can_be_read() -> None:
    """A repeat of the caller would find nothing to remove or to mark any more."""
    streams, unused = RecordedStreams(), cast("Any", None)
    store = FailingStore(Unavailable(), overloaded("Too many lookups are waiting."), Unavailable())
    notifications = Notifications(cast("Any", store), unused, unused, unused, cast("StreamWriter", streams))
    await notifications.push_removed({"7": ["one"]})
    await notifications.mark_all_read("3")
    await until(lambda: len(streams.frames) == 2)
    await notifications.close()

    assert sorted(streams.frames, key=lambda frame: list(frame[0])) == [
        (["3"], NotificationRead(0, None, 3, withdrawn=False)),
        (["7"], NotificationRead(0, ["one"], 7, withdrawn=True)),
    ]
