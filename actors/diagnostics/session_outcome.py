"""Decides, from what an instance knows of a session, what the session got of one entry of a log."""

from enum import StrEnum

import msgspec

from actors.diagnostics.queries import BoxEvent, InstanceDelivery, SessionDelivery


class Outcome(StrEnum):
    """What a session got of an entry."""

    WRITTEN = "written"
    """Written to the connection while it was live."""

    RESUMED = "resumed"
    """Replayed when the client resumed."""

    QUEUED = "queued"
    """The client reads too slowly; the entry may still be in its send queue."""

    SHED = "shed"
    """Skipped because the send queue was over its limit. The client gets the range, as `lagged`."""

    LAGGED = "lagged"
    """Not replayed: too much was missed. The client got `lagged` and reads the range over HTTP."""

    FILTERED = "filtered"
    """The client excludes messages by its `intents`."""

    PENDING = "pending"
    """The instance has not delivered the entry yet."""

    NOT_IN_ROOM = "not_in_room"
    """The session is connected, but not subscribed to the conversation here."""

    LATER = "later"
    """Connected after the entry was stored. Clients that do not resume read it over HTTP."""

    EARLIER = "earlier"
    """The connection had ended before the entry was delivered on its instance."""

    UNSENT = "unsent"
    """The connection was lost with bytes that were not sent, the entry perhaps among them."""


class SessionOutcome(msgspec.Struct, frozen=True):
    """`at_s` is the time of the deciding event, 0 if there is none. `by_time`: concluded from times only."""

    outcome: Outcome
    at_s: float = 0.0
    first: int = 0
    last: int = 0
    by_time: bool = False


def decide(
    session: SessionDelivery, instance: InstanceDelivery, seq: int, stored_at_s: float
) -> SessionOutcome:
    """Return what a session got. `stored_at_s` is the time of the entry, by the clock of its instance."""
    recorded = _from_events(session.events, seq)
    if recorded is not None:
        return recorded
    if session.skipped is not None and session.skipped[0] <= seq <= session.skipped[1]:
        return SessionOutcome(Outcome.SHED, 0.0, *session.skipped)
    if _is_filtered(session.events):
        return SessionOutcome(Outcome.FILTERED)
    delivered_at_s = find_delivery(instance, seq)
    reached_at_s = delivered_at_s or stored_at_s
    is_live = not session.closed_at_s
    if not delivered_at_s and not is_live and stored_at_s > instance.recorded_since_s:
        return SessionOutcome(Outcome.EARLIER, session.closed_at_s)
    if not is_live and session.closed_at_s <= reached_at_s:
        return SessionOutcome(Outcome.EARLIER, session.closed_at_s)
    if session.opened_at_s > reached_at_s:
        return SessionOutcome(Outcome.LATER, session.opened_at_s)
    if is_live and not session.is_in_room:
        return SessionOutcome(Outcome.NOT_IN_ROOM)
    if is_live and instance.delivered_seq < seq:
        return SessionOutcome(Outcome.PENDING)
    if is_live and session.is_paused and session.queued_bytes:
        return SessionOutcome(Outcome.QUEUED, reached_at_s)
    if not is_live and any(event.kind == "disconnected" and event.number_1 for event in session.events):
        return SessionOutcome(Outcome.UNSENT, session.closed_at_s)
    return SessionOutcome(Outcome.WRITTEN, reached_at_s, by_time=not delivered_at_s)


def find_delivery(instance: InstanceDelivery, seq: int) -> float:
    """Return when an instance wrote the entry to its sessions, in Unix time; 0 if that is not recorded."""
    times = [
        event.at_s
        for event in instance.events
        if event.kind == "delivered" and event.number_1 <= seq <= event.number_2
    ]
    return min(times, default=0.0)


def _from_events(events: list[BoxEvent], seq: int) -> SessionOutcome | None:
    """Return the last recorded outcome of a range that contains `seq`."""
    for event in reversed(events):
        if event.subject and event.number_1 <= seq <= event.number_2:
            match event.kind:
                case "replayed":
                    outcome = Outcome.RESUMED
                case "lagged" if event.detail == "resume":
                    outcome = Outcome.LAGGED
                case "lagged" | "skipped":
                    outcome = Outcome.SHED
                case _:
                    continue
            return SessionOutcome(outcome, event.at_s, event.number_1, event.number_2)
    return None


def _is_filtered(events: list[BoxEvent]) -> bool:
    filters = [event.detail.split(",") for event in events if event.kind == "filter"]
    return bool(filters) and "messages" not in filters[-1]
