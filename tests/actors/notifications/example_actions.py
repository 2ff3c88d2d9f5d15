"""Domain events of everything that users do to each other."""

import itertools
from collections.abc import Iterator, Sequence
from typing import get_args

import msgspec

from actors.notifications.user_actions import UserAction

FLAGS = (False, True)


def example_actions(title: str = "Boules") -> Iterator[UserAction]:
    """Yield events of each type, one for each combination of their flags and of the fields that can be null.

    Other values, such as ids, are the names of their fields, so that those of different fields differ.
    """
    for kind in get_args(UserAction):
        fields = msgspec.structs.fields(kind)
        for values in itertools.product(*(_values(field, title) for field in fields)):
            yield kind(**dict(zip((field.name for field in fields), values, strict=True)))


def _values(field: msgspec.structs.FieldInfo, title: str) -> Sequence[object]:
    if field.type is bool:
        return FLAGS
    value = title if field.name == "title" else field.name
    return (value,) if field.type is str else (None, value)
