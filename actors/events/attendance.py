"""Announcements to the attendees of events, the list of attendees as CSV, and check-in. Stateless."""

import csv
import io
from collections.abc import Callable

from actors.events.bodies import AnnouncementBody, validate_announcement
from actors.events.check_in_codes import CheckInCodes
from actors.events.events import Events, event_cancelled, event_not_found
from actors.events.serializers import to_rsvp
from actors.posts.posts import idempotency_conflict
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.event_objects import Announcement, Rsvp
from actors.protocol.objects import UserCard
from actors.protocol.timestamps import rfc3339_from_datetime
from actors.user_cache.user_cards import UserCards
from storage.contracts.event_attendance import AnnouncementRefused, AttendanceStore
from storage.contracts.idempotency import IdempotencyKey
from storage.errors import Conflict, Missing

ATTENDEES_PER_READ = 1000
CSV_HEADER = ("user_id", "username", "display_name", "guests", "answered_at", "checked_in_at")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Spreadsheets take a cell that starts with one of these for a formula."""


class Attendance:
    def __init__(
        self,
        store: AttendanceStore,
        events: Events,
        user_cards: UserCards,
        check_in_codes: CheckInCodes,
        on_changed: Callable[[], None],
    ) -> None:
        self._store = store
        self._events = events
        self._user_cards = user_cards
        self._check_in_codes = check_in_codes
        self._on_changed = on_changed

    async def announce(
        self, host: UserCard, event_id: str, body: AnnouncementBody, idempotency_key: IdempotencyKey | None
    ) -> Announcement:
        """Announce something to all who responded, as a host. Raises `ApiError` (rate.limited)."""
        content = validate_announcement(body)
        await self._events.require_host(host.id, event_id)
        try:
            record = await self._store.announce(event_id, host.id, content, idempotency_key)
        except Missing:
            raise event_not_found() from None
        except Conflict as conflict:
            raise idempotency_conflict(conflict) from None
        except AnnouncementRefused as refused:
            raise ApiError(
                "rate.limited",
                "The event has too many announcements.",
                retry_after_ms=max(1, round(refused.retry_s * 1000)),
            ) from None
        self._on_changed()
        return Announcement(
            record.id, record.event_id, host, record.content, rfc3339_from_datetime(record.created_at)
        )

    async def export(self, host_id: str, event_id: str) -> str:
        """Return the users who go as CSV (RFC 4180), to a host. As many rows as the capacity at most."""
        await self._events.require_host(host_id, event_id)
        output = io.StringIO(newline="")
        writer = csv.writer(output)
        writer.writerow(CSV_HEADER)
        after = ""
        while records := await self._store.list_attendees(event_id, after, ATTENDEES_PER_READ):
            cards = await self._user_cards.for_records(record.user for record in records)
            for record in records:
                card, arrived_at = cards[record.user.id], record.checked_in_at
                cells = (
                    card.id,
                    card.username,
                    card.display_name or "",
                    str(record.guests),
                    rfc3339_from_datetime(record.answered_at),
                    "" if arrived_at is None else rfc3339_from_datetime(arrived_at),
                )
                writer.writerow([escape_formula(cell) for cell in cells])
            after = records[-1].user.id
        return output.getvalue()

    async def check_in(self, host_id: str, event_id: str, user_id: str, code: str) -> Rsvp:
        """Record that a user has arrived, as a host who was shown the user's code. Idempotent."""
        hosts = await self._events.require_host(host_id, event_id)
        if not self._check_in_codes.verify(event_id, user_id, code):
            raise invalid_field("code", "This is not the user's code for the event.")
        if hosts.is_cancelled:
            raise event_cancelled()
        details = await self._store.check_in(event_id, user_id)
        if details is None:
            raise ApiError("rsvp.not_found", "The user does not go to the event.")
        card = await self._user_cards.get(user_id)
        return to_rsvp(event_id, card, details.state, checked_in_at=details.checked_in_at)


def escape_formula(cell: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
