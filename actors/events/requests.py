"""What people say of events. Shapes are checked in decoding; what one field means to another here."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.social_objects import RsvpStatus
from actors.protocol.text_validation import raise_field_errors, validate_line, validate_text
from config.limits import (
    EVENT_CAPACITY_MAX,
    EVENT_CATEGORY_CHARACTERS,
    EVENT_DESCRIPTION_CHARACTERS,
    INVITES_PER_REQUEST,
    TITLE_CHARACTERS,
)
from storage.contracts.events import EventChange, NewEvent

Capacity = Annotated[int, Meta(ge=1, le=EVENT_CAPACITY_MAX)]
Id = Annotated[str, Meta(max_length=64)]
# Published, and checked below, once trimmed and with a zone.
Title = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": TITLE_CHARACTERS})]
Description = Annotated[str, Meta(extra_json_schema={"maxLength": EVENT_DESCRIPTION_CHARACTERS})]
Category = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": EVENT_CATEGORY_CHARACTERS})]
Timestamp = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
DEFAULT_CATEGORY = "SOCIAL"
YEAR_RANGE = (1970, 9990)


class EventBody(msgspec.Struct, frozen=True):
    title: Title
    start_datetime: Timestamp
    end_datetime: Timestamp
    capacity: Capacity
    description: Description | None = None
    category: Category = DEFAULT_CATEGORY


class EventPatch(msgspec.Struct, frozen=True):
    """What is absent stays as it is; a null description clears it."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    category: Category | UnsetType = UNSET
    start_datetime: Timestamp | UnsetType = UNSET
    end_datetime: Timestamp | UnsetType = UNSET
    capacity: Capacity | UnsetType = UNSET


class RsvpBody(msgspec.Struct, frozen=True):
    status: RsvpStatus
    waitlist: bool = False


class Invites(msgspec.Struct, frozen=True):
    user_ids: Annotated[list[Id], Meta(min_length=1, max_length=INVITES_PER_REQUEST)]


def to_new_event(creator_id: str, body: EventBody) -> NewEvent:
    """Raises `request.invalid` with all the faults."""
    changed = to_event_change(
        EventPatch(
            body.title,
            body.description,
            body.category,
            body.start_datetime,
            body.end_datetime,
            body.capacity,
        )
    )
    title, category, start, end = changed.title, changed.category, changed.start, changed.end
    assert isinstance(title, str)
    assert isinstance(category, str)
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    if end <= start:
        raise end_before_start()
    description = changed.description if isinstance(changed.description, str) else None
    return NewEvent(creator_id, title, description, category, start, end, body.capacity)


def to_event_change(patch: EventPatch) -> EventChange:
    """Raises `request.invalid` with all the faults."""
    faults: list[ApiError] = []

    def checked(field: str, value: str | UnsetType, characters: int, *, line: bool) -> str | UnsetType:
        if isinstance(value, UnsetType):
            return UNSET
        try:
            return (validate_line if line else validate_text)(field, value, characters)
        except ApiError as refusal:
            faults.append(refusal)
            return UNSET

    def moment(field: str, value: datetime | UnsetType) -> datetime | UnsetType:
        if isinstance(value, UnsetType):
            return UNSET
        if not YEAR_RANGE[0] <= value.year <= YEAR_RANGE[1]:
            faults.append(invalid_field(field, f"Must lie in the years {YEAR_RANGE[0]} to {YEAR_RANGE[1]}."))
            return UNSET
        # A time without a zone is taken as UTC.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    description = patch.description
    if isinstance(description, str):
        description = (
            checked("description", description, EVENT_DESCRIPTION_CHARACTERS, line=False)
            if description.strip()
            else None
        )
    change = EventChange(
        title=checked("title", patch.title, TITLE_CHARACTERS, line=True),
        description=description,
        category=checked("category", patch.category, EVENT_CATEGORY_CHARACTERS, line=True),
        start=moment("start_datetime", patch.start_datetime),
        end=moment("end_datetime", patch.end_datetime),
        capacity=patch.capacity,
    )
    raise_field_errors(faults)
    return change


def end_before_start() -> ApiError:
    return invalid_field("end_datetime", "Must be after start_datetime.")
