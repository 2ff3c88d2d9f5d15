"""How the answers of conversations come back to a session: as `ok` and `error` frames of its socket."""

from typing import TYPE_CHECKING

from actors.protocol.commands import FrameId
from actors.protocol.errors import ApiError
from actors.protocol.server_frames import ChangeResult, Ok, SendResult
from actors.protocol.timestamps import rfc3339_from_ms
from storage.contracts.messaging import MessageEntry

if TYPE_CHECKING:
    from actors.sessions.session import Session


class SendReply:
    """The answer to one `message.send`."""

    __slots__ = ("_frame_id", "_session")

    def __init__(self, session: "Session", frame_id: FrameId) -> None:
        self._session = session
        self._frame_id = frame_id

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        result = SendResult(entry.id, entry.seq, rfc3339_from_ms(entry.created_at_ms), duplicate)
        self._session.push(Ok(self._frame_id, result))

    def unchanged(self) -> None:
        """Messages always change something."""

    def refused(self, error: ApiError) -> None:
        self._session.push_error(self._frame_id, error)


class ChangeReply:
    """The answer to one edit, deletion or reaction."""

    __slots__ = ("_frame_id", "_session")

    def __init__(self, session: "Session", frame_id: FrameId) -> None:
        self._session = session
        self._frame_id = frame_id

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:  # noqa: ARG002
        self._session.push(Ok(self._frame_id, ChangeResult(entry.changed_seq)))

    def unchanged(self) -> None:
        """What changes nothing is answered as stored: at the seq of the latest change."""

    def refused(self, error: ApiError) -> None:
        self._session.push_error(self._frame_id, error)
