"""Plans where events take place: real places, each with its time zone."""

from typing import Final

import msgspec

from actors.protocol.event_objects import Place
from examples.demo.seeded_random import seeded_random

WITHOUT_PLACE_SHARE: Final = 0.2


class PlacePlan(msgspec.Struct, frozen=True):
    place: Place | None
    timezone: str


PLACES: Final = (
    PlacePlan(Place("Tempelhofer Feld", "Tempelhofer Damm, Berlin", 52.4731, 13.4017), "Europe/Berlin"),
    PlacePlan(Place("Jardin du Luxembourg", "Rue de M\u00e9dicis, Paris", 48.8462, 2.3372), "Europe/Paris"),
    PlacePlan(Place("Parque Eduardo VII", "Lisboa", 38.7283, -9.1527), "Europe/Lisbon"),
    PlacePlan(Place("Prospect Park", "Brooklyn, New York", 40.6602, -73.969), "America/New_York"),
    PlacePlan(
        Place("\u4ee3\u3005\u6728\u516c\u5712", "\u6771\u4eac\u90fd\u6e0b\u8c37\u533a", 35.6717, 139.6949),
        "Asia/Tokyo",
    ),
    PlacePlan(Place("Community centre, room 2"), "UTC"),
)


class PlacePlanner:
    """Independent of the other plans, which it does not change."""

    def __init__(self, seed: int) -> None:
        self._rng = seeded_random(seed, "places")

    def plan_place(self) -> PlacePlan:
        if self._rng.random() < WITHOUT_PLACE_SHARE:
            return PlacePlan(None, "UTC")
        return self._rng.choice(PLACES)
