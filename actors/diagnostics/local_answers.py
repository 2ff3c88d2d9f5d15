"""Answers an operator's question from the state of this instance. Reads memory only, and does not wait."""

import math
import time
from collections.abc import Callable, Iterator
from typing import assert_never

from actors.conversations.commands import ConversationCommand
from actors.conversations.conversation_actor import ConversationActor
from actors.delivery.rooms import Rooms
from actors.diagnostics.queries import (
    EVENTS_PER_SESSION_MAX,
    ROWS_MAX,
    SESSIONS_PER_USER_MAX,
    ActorRow,
    ActorsQuery,
    Answer,
    BlackBoxQuery,
    BoxEvent,
    DeliveryQuery,
    InstanceActors,
    InstanceBox,
    InstanceDelivery,
    InstanceOverview,
    OverviewQuery,
    Query,
    SessionDelivery,
    row_key,
    to_box_events,
)
from actors.runtime.black_box import BlackBox, BlackBoxes
from actors.runtime.registry import Registry
from actors.sessions.online_users import OnlineUsers
from actors.sessions.session import Session
from storage.contracts.bus import Bus

REFUSALS_MAX = 10
SPANNING_KINDS = frozenset(("delivered", "repaired"))
END_KINDS = frozenset(("closed", "closed_by_client", "disconnected"))
SINGLE_KINDS = frozenset(("stored", "duplicate", "received", "conflict"))


class LocalAnswers:
    """Implements the answering side of `OperatorChannel`."""

    def __init__(
        self,
        instance: str,
        bus: Bus,
        rooms: Rooms,
        online_users: OnlineUsers,
        conversations: Registry[str, ConversationCommand],
        boxes: tuple[BlackBoxes, BlackBoxes],
    ) -> None:
        self._instance = instance
        self._started_at_s = time.time()
        self._bus = bus
        self._rooms = rooms
        self._online_users = online_users
        self._conversations = conversations
        self._session_boxes, self._conversation_boxes = boxes
        self._overview: Callable[[], InstanceOverview] = lambda: InstanceOverview(
            instance, "", 0.0, 0, 0, 0, 0, 0, 0, 0, 0, 0.0, False, 0.0, False
        )

    def set_overview_callback(self, overview: Callable[[], InstanceOverview]) -> None:
        """Set what returns the overview of this process; the server knows more of it than the core."""
        self._overview = overview

    def answer(self, query: Query) -> Answer:
        match query:
            case DeliveryQuery():
                return self._delivery(query)
            case OverviewQuery():
                return self._overview()
            case ActorsQuery():
                return self._actors(query)
            case BlackBoxQuery():
                return self._black_box(query)
            case _:
                assert_never(query)

    def _delivery(self, query: DeliveryQuery) -> InstanceDelivery:
        room = self._rooms.find(query.conversation_id)
        box = self._conversation_boxes.find(query.conversation_id)
        bus = self._bus.statistics()
        return InstanceDelivery(
            instance=self._instance,
            delivered_seq=-1 if room is None else room.delivered_seq,
            room_sessions=0 if room is None else room.size,
            actor_head=self._actor_head(query.conversation_id),
            bus_is_connected=bus.connected,
            bus_dropped=bus.dropped,
            recorded_since_s=math.inf if box is None else box.recorded_since_s,
            events=[] if box is None else _events_of_entry(to_box_events(box), query.seq),
            sessions=self._sessions(query),
            started_at_s=self._started_at_s,
        )

    def _actor_head(self, conversation_id: str) -> int:
        ref = self._conversations.get_active(conversation_id)
        return ref.actor.head if ref is not None and isinstance(ref.actor, ConversationActor) else -1

    def _sessions(self, query: DeliveryQuery) -> list[SessionDelivery]:
        room = self._rooms.find(query.conversation_id)
        live = [session for session in self._live_sessions() if session.user_id == query.user_id]
        live_numbers = {str(session.number) for session in live}
        found = []
        for session in live[-SESSIONS_PER_USER_MAX:]:
            skipped = session.send_queue.skipped_ranges.get(query.conversation_id)
            found.append(
                SessionDelivery(
                    number=str(session.number),
                    session_id=session.session_id,
                    opened_at_s=session.opened_at_s,
                    closed_at_s=0.0,
                    is_in_room=room is not None and session in room.subscribers,
                    is_paused=session.send_queue.paused,
                    queued_bytes=session.send_queue.queued_bytes,
                    skipped=None if skipped is None else (skipped.from_seq, skipped.to_seq),
                    events=_events_of_conversation(session.black_box, query.conversation_id),
                )
            )
        ended = self._session_boxes.select(
            lambda box: box.user_id == query.user_id and box.key not in live_numbers,
            SESSIONS_PER_USER_MAX - len(found),
        )
        return found + [
            SessionDelivery(
                number=box.key,
                session_id="",
                opened_at_s=box.opened_at_s,
                closed_at_s=_end_of(box),
                is_in_room=False,
                is_paused=False,
                queued_bytes=0,
                skipped=None,
                events=_events_of_conversation(box, query.conversation_id),
            )
            for box in ended
        ]

    def _live_sessions(self) -> Iterator[Session]:
        return (session for session in self._online_users.sessions() if isinstance(session, Session))

    def _actors(self, query: ActorsQuery) -> InstanceActors:
        conversations = (
            ActorRow("conversation", key, "", ref.state_name, ref.depth)
            for key, ref in self._conversations.items()
            if query.text in key
        )
        sessions = (
            ActorRow(
                "session",
                str(session.number),
                session.user_id,
                "slow" if session.send_queue.paused else "open",
                session.send_queue.queued_bytes,
            )
            for session in self._live_sessions()
            if query.text in session.user_id or query.text in session.session_id
        )
        rows = sorted(
            (row for rows in (sessions, conversations) for row in rows if row_key(row) > query.after),
            key=row_key,
        )
        return InstanceActors(self._instance, rows[:ROWS_MAX], len(rows) > ROWS_MAX)

    def _black_box(self, query: BlackBoxQuery) -> InstanceBox:
        boxes = self._session_boxes if query.kind == "session" else self._conversation_boxes
        box = boxes.find(query.key)
        if box is None:
            return InstanceBox(self._instance, found=False)
        return InstanceBox(
            self._instance,
            found=True,
            user_id=box.user_id,
            opened_at_s=box.opened_at_s,
            closed_at_s=box.closed_at_s,
            events=to_box_events(box),
        )


def _end_of(box: BlackBox) -> float:
    """Return when a session ended: it gets no messages from then on. The connection is lost later."""
    ends = [event[0] for event in box.events() if event[1] in END_KINDS]
    return min(ends, default=box.closed_at_s or time.time())


def _events_of_entry(events: list[BoxEvent], seq: int) -> list[BoxEvent]:
    """Return what happened to the entry, and the latest refusals, which have no seq."""
    refusals = [event for event in events if event.kind == "refused"][-REFUSALS_MAX:]
    return [
        event
        for event in events
        if (event.kind in SPANNING_KINDS and event.number_1 <= seq <= event.number_2)
        or (event.kind in SINGLE_KINDS and event.number_1 == seq)
        or event in refusals
    ]


def _events_of_conversation(box: BlackBox, conversation_id: str) -> list[BoxEvent]:
    events = [event for event in to_box_events(box) if event.subject in {"", conversation_id}]
    answers = {"ok", "command", "error"}
    return [event for event in events if event.kind not in answers][-EVENTS_PER_SESSION_MAX:]
