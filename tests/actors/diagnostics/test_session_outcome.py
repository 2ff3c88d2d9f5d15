"""What a session got of an entry, decided from recorded events, its state and times."""

import math
from typing import Any

import msgspec
import pytest

from actors.diagnostics.queries import BoxEvent, InstanceDelivery, SessionDelivery
from actors.diagnostics.session_outcome import Outcome, decide

SEQ, STORED_AT_S = 10, 1000.0
DELIVERED = BoxEvent(1000.1, "delivered", "", "", 9, 11)
SESSION = SessionDelivery("1", "s1", 900.0, 0.0, True, False, 0, None, [])
INSTANCE = InstanceDelivery("i1", 11, 3, 11, True, 0, 800.0, [DELIVERED], [])


def event(kind: str, first: int = 0, second: int = 0, *, subject: str = "c1", detail: str = "") -> BoxEvent:
    return BoxEvent(1001.0, kind, subject, detail, first, second)


@pytest.mark.parametrize(
    ("session", "instance", "expected"),
    [
        ({}, {}, Outcome.WRITTEN),
        ({"closed_at_s": 1000.2}, {}, Outcome.WRITTEN),
        ({"closed_at_s": 1000.05}, {}, Outcome.EARLIER),
        ({"opened_at_s": 1000.2}, {}, Outcome.LATER),
        ({"is_in_room": False}, {}, Outcome.NOT_IN_ROOM),
        ({}, {"delivered_seq": 9, "events": []}, Outcome.PENDING),
        ({"is_paused": True, "queued_bytes": 10}, {}, Outcome.QUEUED),
        ({"skipped": (8, 10)}, {}, Outcome.SHED),
        ({"skipped": (11, 12)}, {}, Outcome.WRITTEN),
        ({"events": [event("lagged", 10, 12)]}, {}, Outcome.SHED),
        ({"events": [event("skipped", 1, 10)], "closed_at_s": 1002.0}, {}, Outcome.SHED),
        ({"events": [event("lagged", 10, 12, detail="resume")]}, {}, Outcome.LAGGED),
        ({"events": [event("replayed", 5, 10)], "opened_at_s": 1001.0}, {}, Outcome.RESUMED),
        ({"events": [event("replayed", 11, 20)]}, {}, Outcome.WRITTEN),
        ({"events": [event("lagged", 5, 10), event("replayed", 5, 10)]}, {}, Outcome.RESUMED),
        ({"events": [event("filter", subject="", detail="typing,presence")]}, {}, Outcome.FILTERED),
        ({"events": [event("filter", subject="", detail="messages")]}, {}, Outcome.WRITTEN),
        (
            {"events": [event("disconnected", 500, subject="")], "closed_at_s": 1001.0},
            {},
            Outcome.UNSENT,
        ),
        # The box of the conversation has everything since 800, and no delivery: none happened here.
        ({"closed_at_s": 1000.5}, {"events": []}, Outcome.EARLIER),
        # It has not: only the times remain.
        ({"closed_at_s": 1000.5}, {"events": [], "recorded_since_s": math.inf}, Outcome.WRITTEN),
    ],
)
def test_outcome(session: dict[str, Any], instance: dict[str, Any], expected: Outcome) -> None:
    """Recorded ranges decide first, then the state of the session, then times."""
    found = decide(
        msgspec.structs.replace(SESSION, **session),
        msgspec.structs.replace(INSTANCE, **instance),
        SEQ,
        STORED_AT_S,
    )
    assert found.outcome is expected


def test_conclusion_from_times_says_so() -> None:
    """Where the delivery is not recorded any more."""
    instance = msgspec.structs.replace(INSTANCE, events=[], recorded_since_s=math.inf)
    assert decide(SESSION, instance, SEQ, STORED_AT_S).by_time
    assert not decide(SESSION, INSTANCE, SEQ, STORED_AT_S).by_time
