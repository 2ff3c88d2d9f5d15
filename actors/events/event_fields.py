"""Validation of where and when an event takes place, and of its link."""

from typing import Annotated
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta

from actors.protocol.errors import ApiError, invalid_field
from actors.protocol.text_validation import is_blank, raise_field_errors, validate_line
from actors.protocol.web_urls import is_web_url
from config.limits import (
    EVENT_URL_CHARACTERS,
    PLACE_ADDRESS_CHARACTERS,
    PLACE_NAME_CHARACTERS,
    TIMEZONE_CHARACTERS,
)
from storage.contracts.events import EventPlace

TIMEZONES = frozenset(available_timezones()) - {"Factory", "localtime"}
Latitude = Annotated[float, Meta(ge=-90, le=90, description="Degrees, north positive.")]
Longitude = Annotated[float, Meta(ge=-180, le=180, description="Degrees, east positive.")]
# Documentation only: checked below, after trimming.
PlaceName = Annotated[str, Meta(extra_json_schema={"minLength": 1, "maxLength": PLACE_NAME_CHARACTERS})]
PlaceAddress = Annotated[str, Meta(extra_json_schema={"maxLength": PLACE_ADDRESS_CHARACTERS})]
Timezone = Annotated[
    str, Meta(description="An IANA name: Europe/Paris.", extra_json_schema={"maxLength": TIMEZONE_CHARACTERS})
]
EventUrl = Annotated[
    str,
    Meta(
        description="`http` or `https`.",
        extra_json_schema={"format": "uri", "maxLength": EVENT_URL_CHARACTERS},
    ),
]


class PlaceBody(msgspec.Struct, frozen=True):
    """Where an event takes place. `latitude` and `longitude` are set together."""

    name: PlaceName
    address: PlaceAddress | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None


def validate_timezone(name: str) -> str:
    """Return an IANA name of a time zone. Raises `ApiError` (request.invalid)."""
    if name not in TIMEZONES:
        raise invalid_field("timezone", "Must be an IANA time zone name, for example `Europe/Paris`.")
    return name


def validate_url(url: str) -> str:
    """Return the URL without surrounding white space. Raises `ApiError` (request.invalid)."""
    trimmed = url.strip()
    if len(trimmed) > EVENT_URL_CHARACTERS:
        raise invalid_field("url", f"Must have at most {EVENT_URL_CHARACTERS} characters.", "too_long")
    if not is_web_url(trimmed, ("http", "https")):
        raise invalid_field("url", "Must be a valid `http` or `https` URL.")
    return trimmed


def validate_place(body: PlaceBody) -> EventPlace:
    """Raises `ApiError` (request.invalid)."""
    errors: list[ApiError] = []
    name, address = "", None
    try:
        name = validate_line("place.name", body.name, PLACE_NAME_CHARACTERS)
    except ApiError as error:
        errors.append(error)
    try:
        if body.address is not None and not is_blank(body.address):
            address = validate_line("place.address", body.address, PLACE_ADDRESS_CHARACTERS)
    except ApiError as error:
        errors.append(error)
    if (body.latitude is None) != (body.longitude is None):
        missing = "latitude" if body.latitude is None else "longitude"
        errors.append(
            invalid_field(f"place.{missing}", "Latitude and longitude are set together.", "required")
        )
    raise_field_errors(errors)
    return EventPlace(name, address, body.latitude, body.longitude)
