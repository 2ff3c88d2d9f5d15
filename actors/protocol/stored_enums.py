"""Values of enums that are read from a store. Later versions write others than this one knows."""

from enum import StrEnum
from functools import lru_cache
from typing import TypeVar, cast

Member = TypeVar("Member", bound=StrEnum)


def to_member(kind: type[Member], name: str) -> Member:
    """Return the member with a value. One that only later versions know is passed on to clients as it is.

    Such a value is a plain string: compare it with members, and do not read its `value`.
    """
    return cast("Member", _find_member(kind, name))


@lru_cache(maxsize=256)
def _find_member(kind: type[StrEnum], name: str) -> str:
    try:
        return kind(name)
    except ValueError:
        return name
