"""Replies of conversations to a session, sent as `ok` and `error` frames."""

from typing import Protocol

import msgspec

from actors.protocol.commands import FrameId
from actors.protocol.errors import ApiError
from actors.protocol.results import ChangeResult, SendResult
from actors.protocol.server_frames import Ok
from actors.protocol.timestamps import rfc3339_from_ms
from storage.contracts.message_log import MessageEntry


class ReplySession(Protocol):
    """The session that a reply is sent to. The methods do nothing once it has closed."""

    def push(self, frame: msgspec.Struct) -> None:
        """Put a frame into the send queue."""

    def push_error(self, frame_id: FrameId, error: ApiError) -> None:
        """Report that the command with this id failed."""


class SendReply:
    """The reply to one `message.send`."""

    __slots__ = ("_frame_id", "_session")

    def __init__(self, session: ReplySession, frame_id: FrameId) -> None:
        self._session = session
        self._frame_id = frame_id

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:
        result = SendResult(entry.id, entry.seq, rfc3339_from_ms(entry.created_at_ms), duplicate)
        self._session.push(Ok(self._frame_id, result))

    def unchanged(self) -> None:
        """A sent message always changes the conversation; not called."""

    def refused(self, error: ApiError) -> None:
        self._session.push_error(self._frame_id, error)


class ChangeReply:
    """The reply to one edit, deletion or reaction."""

    __slots__ = ("_frame_id", "_session")

    def __init__(self, session: ReplySession, frame_id: FrameId) -> None:
        self._session = session
        self._frame_id = frame_id

    def stored(self, entry: MessageEntry, *, duplicate: bool) -> None:  # noqa: ARG002
        self._session.push(Ok(self._frame_id, ChangeResult(entry.changed_seq)))

    def unchanged(self) -> None:
        """A change without effect is reported through `stored`, at the seq of the latest change."""

    def refused(self, error: ApiError) -> None:
        self._session.push_error(self._frame_id, error)
