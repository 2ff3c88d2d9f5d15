"""The box of latitudes and longitudes around a circle on the globe, for a search by index."""

import math

from storage.contracts.events import NearPoint

EARTH_RADIUS_KM = 6371.0088
MARGIN = 1.001
"""Keeps rounding from excluding points on the circle; exact distances are compared afterwards."""


def to_box_params(near: NearPoint | None) -> tuple[float | None, ...]:
    """Return latitude, longitude, km, south, north, west and east; seven times None without a point.

    West and east may lie beyond 180 degrees. Around a pole the box has all longitudes.
    """
    if near is None:
        return (None,) * 7
    angle = near.km * MARGIN / EARTH_RADIUS_KM
    south, north = (near.latitude + math.degrees(offset) for offset in (-angle, angle))
    if south <= -90 or north >= 90:
        return near.latitude, near.longitude, near.km, south, north, -180.0, 180.0
    width = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(near.latitude)))))
    return (
        near.latitude,
        near.longitude,
        near.km,
        south,
        north,
        near.longitude - width,
        near.longitude + width,
    )
