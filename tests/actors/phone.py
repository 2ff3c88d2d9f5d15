"""A client in place of a socket, for tests: keeps what it was told, and why it was closed."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from actors.core import Core
from actors.delivery.outbox import Outbox, Stretch
from actors.runtime.cell import Cell
from actors.session.session import Session
from actors.wire.commands import Reading, json_reading
from actors.wire.intents import Intent
from storage.records.users import Identity, UserRecord
from tests.actors.town import QUICK


def identity(user_id: str) -> Identity:
    now = datetime.now(UTC)
    user = UserRecord(
        user_id, "a@example.org", f"user{user_id[-1]}", None, None, None, verified=False, created_at=now
    )
    return Identity(f"session of {user_id}", user, now + timedelta(days=1))


class Phone:
    """A socket that is not there: keeps what it was told, and why it was closed."""

    def __init__(self, core: Core) -> None:
        self.frames: list[dict[str, Any]] = []
        self.code = 0
        self.known = False
        self.intents: Collection[Intent] | None = None
        self.outbox = Outbox(self, self, core.flusher, QUICK)
        self.session = Session(self, core.hall)
        self.cell: Cell[bytes | Identity] = Cell(self.session, core.queue, 10, lambda _cell, _error: None)

    def write(self, data: bytes) -> None:
        self.frames += [msgspec.json.decode(line) for line in data.split(b"\n") if line]

    def too_slow(self) -> None:
        raise AssertionError

    def spared(self, stretch: Stretch) -> None:
        raise AssertionError

    @property
    def reading(self) -> Reading:
        return json_reading

    def narrow(self, intents: Collection[Intent] | None) -> None:
        self.intents = intents

    def close(self, code: int, reason: str, retry_after_ms: int | None = None) -> None:
        self.code = code
        self.session.gone()

    def admitted(self) -> None:
        self.known = True

    def say(self, **frame: object) -> None:
        self.cell.hand(msgspec.json.encode(frame))

    def told(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]
