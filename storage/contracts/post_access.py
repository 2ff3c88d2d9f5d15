"""Which posts of an author a viewer can see, as the Social service knows it. Methods raise `Unavailable`."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Protocol


class PostAccess(Enum):
    """`NONE`: no post; `PUBLIC`: those with public visibility; `ALL`: those for followers too."""

    NONE = "none"
    PUBLIC = "public"
    ALL = "all"


class PostAccessStore(Protocol):
    async def find(
        self, pairs: Sequence[tuple[str, str]], *, without_muted: bool = False
    ) -> Mapping[tuple[str, str], PostAccess]:
        """Return the access of (viewer id, author id) pairs. One round trip.

        Users see all of their own posts. A block in either direction hides all. Followers see all; others
        see public posts, and none of a private account. Malformed ids are absent. With `without_muted` there
        is none to authors whose posts the viewer mutes.
        """
