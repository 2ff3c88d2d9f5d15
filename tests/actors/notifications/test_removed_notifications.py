"""The removal of notifications, pushed to the devices of their recipients."""

from collections.abc import Sequence
from typing import Any, cast

from actors.delivery.stream_writer import StreamWriter
from actors.notifications.notifications import Notifications
from actors.protocol.server_frames import NotificationRead, StreamFrame
from config.limits import NOTIFICATION_IDS_PER_FRAME


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
