"""Request bodies of events. Decoding checks types; this module checks values and their relations."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.events.event_fields import (
    EventUrl,
    PlaceBody,
    Timezone,
    validate_place,
    validate_timezone,
    validate_url,
)
from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.event_objects import EventVisibility, RsvpStatus
from actors.protocol.text_validation import is_blank, raise_field_errors, validate_line, validate_text
from actors.protocol.timestamps import to_utc
from config.limits import (
    CHECK_IN_CODE_CHARACTERS,
    EVENT_ANNOUNCEMENT_CHARACTERS,
    EVENT_CANCEL_REASON_CHARACTERS,
    EVENT_CAPACITY_MAX,
    EVENT_CATEGORY_CHARACTERS,
    EVENT_DESCRIPTION_CHARACTERS,
    EVENT_GUESTS_MAX,
    EVENT_REMINDER_MINUTES_MAX,
    EVENT_REMINDERS_MAX,
    INVITES_PER_REQUEST,
    NAMED_USERS_PER_RATE_TOKEN,
    RRULE_CHARACTERS,
    SERIES_EVENTS_MAX,
    SERIES_YEARS_MAX,
    TITLE_CHARACTERS,
)
from storage.contracts.event_times import is_end_after_start
from storage.contracts.events import EventChange, NewEvent

Input = TypeVar("Input")
Output = TypeVar("Output")
Capacity = Annotated[int, Meta(ge=1, le=EVENT_CAPACITY_MAX)]
Id = Annotated[str, Meta(max_length=64)]
# Documentation only: checked below, after trimming and converting to UTC.
Title = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": TITLE_CHARACTERS})]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": EVENT_DESCRIPTION_CHARACTERS})]
Category = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": EVENT_CATEGORY_CHARACTERS})]
Timestamp = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
Rule = Annotated[
    str,
    Meta(
        description="A recurrence rule of RFC 5545, from DAILY to YEARLY: `FREQ=WEEKLY;COUNT=10`. It "
        f"ends within {SERIES_YEARS_MAX} years, and its first time is `start_datetime`.",
        extra_json_schema={"maxLength": RRULE_CHARACTERS},
    ),
]
FixedRule = Annotated[str, Meta(description="Cannot be changed: always refused.")]
FixedCount = Annotated[int, Meta(description="Cannot be changed: always refused.")]
SeriesCount = Annotated[int, Meta(ge=1, le=SERIES_EVENTS_MAX)]
Guests = Annotated[int, Meta(ge=0, le=EVENT_GUESTS_MAX)]
Reminders = Annotated[
    list[Annotated[int, Meta(ge=1, le=EVENT_REMINDER_MINUTES_MAX)]], Meta(max_length=EVENT_REMINDERS_MAX)
]
CancelReason = Annotated[str, Meta(extra_json_schema={"maxLength": EVENT_CANCEL_REASON_CHARACTERS})]
AnnouncementText = Annotated[
    str, Meta(extra_json_schema={"minLength": 1, "maxLength": EVENT_ANNOUNCEMENT_CHARACTERS})
]
DEFAULT_CATEGORY = "SOCIAL"


class EventBody(msgspec.Struct, frozen=True):
    """With `rrule` a series of events is created. `count` limits its number."""

    title: Title
    start_datetime: Timestamp
    end_datetime: Timestamp
    capacity: Capacity
    description: Description | None = None
    category: Category = DEFAULT_CATEGORY
    timezone: Timezone = "UTC"
    place: PlaceBody | None = None
    url: EventUrl | None = None
    visibility: EventVisibility = EventVisibility.PUBLIC
    rrule: Rule | None = None
    count: SeriesCount | None = None
    approval: bool = False

    def request_cost(self) -> int:
        return 0 if self.rrule is None else self.count or SERIES_EVENTS_MAX


class EventPatch(msgspec.Struct, frozen=True):
    """Absent fields stay unchanged; a null `description`, `place` or `url` clears it.

    `rrule` and `count` are refused: the rule of a series cannot be changed.
    """

    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    category: Category | UnsetType = UNSET
    start_datetime: Timestamp | UnsetType = UNSET
    end_datetime: Timestamp | UnsetType = UNSET
    capacity: Capacity | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    place: PlaceBody | UnsetType | None = UNSET
    url: EventUrl | UnsetType | None = UNSET
    visibility: EventVisibility | UnsetType = UNSET
    approval: bool | UnsetType = UNSET
    rrule: FixedRule | UnsetType | None = UNSET
    count: FixedCount | UnsetType | None = UNSET


class RsvpBody(msgspec.Struct, frozen=True):
    """`guests` come with a user who is `GOING`. Without `guests` or `reminders` these stay as they were."""

    status: RsvpStatus
    waitlist: bool = False
    guests: Guests | None = None
    reminders: Reminders | None = None


class Cancellation(msgspec.Struct, frozen=True):
    """Why an event is cancelled."""

    reason: CancelReason | None = None


class AnnouncementBody(msgspec.Struct, frozen=True):
    content: AnnouncementText


class CheckIn(msgspec.Struct, frozen=True):
    """`code` is the `check_in_code` of the user's RSVP."""

    code: Annotated[str, Meta(min_length=1, max_length=CHECK_IN_CODE_CHARACTERS)]


class Invites(msgspec.Struct, frozen=True):
    user_ids: Annotated[list[Id], Meta(min_length=1, max_length=INVITES_PER_REQUEST)]

    def request_cost(self) -> int:
        return len(self.user_ids) // NAMED_USERS_PER_RATE_TOKEN


def to_new_event(creator_id: str, body: EventBody) -> NewEvent:
    """Validate a body. Raises `request.invalid` with all field errors."""
    fields = to_event_change(
        EventPatch(
            body.title,
            body.description,
            body.category,
            body.start_datetime,
            body.end_datetime,
            body.capacity,
            body.timezone,
            body.place,
            body.url,
            body.visibility,
        )
    )
    title, category, start, end = fields.title, fields.category, fields.start, fields.end
    assert isinstance(title, str)
    assert isinstance(category, str)
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    if not is_end_after_start(start, end, body.timezone):
        raise end_before_start()
    return NewEvent(
        creator_id,
        title,
        fields.description or None,
        category,
        start,
        end,
        body.capacity,
        body.approval,
        body.timezone,
        fields.place or None,
        fields.url or None,
        body.visibility,
    )


def to_event_change(patch: EventPatch) -> EventChange:
    """Validate a body. Raises `request.invalid` with all field errors."""
    errors: list[ApiError] = []

    def validate(field: str, value: str | UnsetType, characters: int, *, line: bool) -> str | UnsetType:
        if isinstance(value, UnsetType):
            return UNSET
        try:
            return (validate_line if line else validate_text)(field, value, characters)
        except ApiError as error:
            errors.append(error)
            return UNSET

    def validate_time(field: str, value: datetime | UnsetType) -> datetime | UnsetType:
        if isinstance(value, UnsetType):
            return UNSET
        try:
            return to_utc(field, value)
        except ApiError as error:
            errors.append(error)
            return UNSET

    def run(
        validator: Callable[[Input], Output], value: Input | UnsetType | None
    ) -> Output | UnsetType | None:
        if value is UNSET or value is None:
            return value
        try:
            return validator(value)
        except ApiError as error:
            errors.append(error)
            return UNSET

    description = patch.description
    if isinstance(description, str):
        description = (
            validate("description", description, EVENT_DESCRIPTION_CHARACTERS, line=False)
            if not is_blank(description)
            else None
        )
    change = EventChange(
        title=validate("title", patch.title, TITLE_CHARACTERS, line=True),
        description=description,
        category=validate("category", patch.category, EVENT_CATEGORY_CHARACTERS, line=True),
        start=validate_time("start_datetime", patch.start_datetime),
        end=validate_time("end_datetime", patch.end_datetime),
        capacity=patch.capacity,
        timezone=run(validate_timezone, patch.timezone) or UNSET,
        place=run(validate_place, patch.place),
        url=run(validate_url, None if patch.url is not UNSET and is_blank(patch.url or "") else patch.url),
        visibility=patch.visibility if patch.visibility is UNSET else patch.visibility.value,
        approval=patch.approval,
    )
    errors += [
        invalid_field(field, "The rule of a series cannot be changed. Create another series.", "fixed")
        for field, value in (("rrule", patch.rrule), ("count", patch.count))
        if value is not UNSET
    ]
    raise_field_errors(errors)
    return change


def validate_rsvp(body: RsvpBody) -> None:
    """Raise `request.invalid` for what does not go together with the status."""
    if body.status is RsvpStatus.PENDING:
        raise invalid_field("status", "Send GOING; a host decides.")
    if body.status is not RsvpStatus.GOING:
        if body.guests:
            raise invalid_field("guests", "Only users who are GOING bring guests.")
        if body.reminders:
            raise invalid_field("reminders", "Only users who are GOING are reminded.")


def validate_reason(body: Cancellation) -> str | None:
    """Return the trimmed reason; None for a blank one. Raises `request.invalid`."""
    if body.reason is None or is_blank(body.reason):
        return None
    return validate_text("reason", body.reason, EVENT_CANCEL_REASON_CHARACTERS)


def validate_announcement(body: AnnouncementBody) -> str:
    """Return the trimmed text. Raises `request.invalid`."""
    return validate_text("content", body.content, EVENT_ANNOUNCEMENT_CHARACTERS)


def end_before_start() -> ApiError:
    return invalid_field(
        "end_datetime", "Must be after `start_datetime`, also in the time zone of the event."
    )
