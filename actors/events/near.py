"""Parses the parameter `near` of an event search."""

import math
import re

from actors.protocol.errors import invalid_field
from config.limits import EVENT_NEAR_KM_MAX
from storage.contracts.events import NearPoint

NEAR_CHARACTERS = 64
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"
_NEAR = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*,\s*({_NUMBER})\s*", re.ASCII)


def parse_near(text: str) -> NearPoint:
    """Parse `latitude,longitude,km`. Raises `ApiError` (request.invalid)."""
    match = _NEAR.fullmatch(text)
    if match is None:
        raise invalid_field("near", "Must be `latitude,longitude,km`, for example `48.8566,2.3522,25`.")
    latitude, longitude, km = (float(number) for number in match.groups())
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180:
        raise invalid_field("near", "The latitude must be -90 to 90, the longitude -180 to 180.")
    if not 0 < km <= EVENT_NEAR_KM_MAX or not math.isfinite(km):
        raise invalid_field("near", f"The distance must be above 0 and at most {EVENT_NEAR_KM_MAX} km.")
    return NearPoint(latitude, longitude, km)
