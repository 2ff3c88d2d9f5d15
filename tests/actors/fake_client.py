"""A fake transport for session tests: records the frames it is sent and the close code."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from actors.core import Core
from actors.delivery.send_queue import SendQueue, SeqRange
from actors.protocol.commands import CommandDecoders, json_decoders
from actors.protocol.event_filter import EventGroup
from actors.runtime.actor_ref import ActorRef
from actors.sessions.command_registry import REGISTRATIONS
from actors.sessions.session import Session
from storage.contracts.users import Identity, UserRecord
from tests.actors.fake_cluster import FAST_LIMITS


def identity(user_id: str) -> Identity:
    now = datetime.now(UTC)
    user = UserRecord(
        user_id, "a@example.org", f"user{user_id[-1]}", None, None, None, verified=False, created_at=now
    )
    return Identity(f"session of {user_id}", user, now + timedelta(days=1))


class FakeClient:
    """A `Transport` with a session, without a socket."""

    def __init__(self, core: Core) -> None:
        self.frames: list[dict[str, Any]] = []
        self._sent_types: dict[object, object] = {}
        self.close_code = 0
        self.is_authenticated = False
        self.event_groups: Collection[EventGroup] | None = None
        self.send_queue = SendQueue(self, self, core.flusher, FAST_LIMITS)
        self.session = Session(self, core.session_dependencies)
        self.ref: ActorRef[bytes | Identity] = ActorRef(
            self.session, core.run_queue, 10, lambda _ref, _error: None
        )

    def write(self, data: bytes) -> None:
        frames = [msgspec.json.decode(line) for line in data.split(b"\n") if line]
        self.frames += frames
        for frame in frames:
            if frame["type"] == "error" and frame["id"] in self._sent_types:
                assert frame["code"] in self._possible_errors(frame["id"]), frame

    def on_too_slow(self) -> None:
        raise AssertionError

    def on_skipped(self, seq_range: SeqRange) -> None:
        raise AssertionError

    @property
    def command_decoders(self) -> CommandDecoders:
        return json_decoders

    def set_event_filter(self, groups: Collection[EventGroup] | None) -> None:
        self.event_groups = groups

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        self.close_code = code
        self.session.on_disconnect()

    def on_authenticated(self) -> None:
        self.is_authenticated = True

    def send(self, **frame: object) -> None:
        self._sent_types[frame.get("id")] = frame.get("type")
        self.ref.deliver_inline(msgspec.json.encode(frame))

    def _possible_errors(self, frame_id: object) -> set[str]:
        sent_type = self._sent_types[frame_id]
        return {"frame.unknown_type"}.union(
            *(command.errors for command in REGISTRATIONS.values() if command.frame_type == sent_type)
        )

    def received(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]
