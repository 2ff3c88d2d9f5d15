"""Values that later versions have stored are read as they are."""

import re
from enum import Enum, StrEnum
from importlib import import_module
from pathlib import Path

import msgspec

from actors.protocol.objects import MessageType
from actors.protocol.stored_enums import to_member

ROOT = Path(__file__).parents[3]
READERS = ("storage/postgres", "storage/mongo", "actors")
CALL = re.compile(r"\b([A-Z]\w+)\((?:row|record|entry|document|status|fields)\b")
SELECTED_BY_VALUE = {
    # The statements select rows by the known values.
    ("storage/postgres/registrations.py", "NameKind"),
    ("storage/postgres/visibility_checks.py", "CheckKind"),
    ("storage/postgres/action_log.py", "ActionType"),
}


class Holder(msgspec.Struct):
    type: MessageType


def test_known_value_is_the_member() -> None:
    assert to_member(MessageType, "TEXT") is MessageType.TEXT


def test_value_of_a_later_version_is_passed_on() -> None:
    """It equals no member, and is encoded as it was stored."""
    later = to_member(MessageType, "POLL")
    assert later != MessageType.TEXT
    assert msgspec.json.encode(Holder(later)) == b'{"type":"POLL"}'


def enums() -> set[str]:
    """The names of all enums of the contracts and the protocol."""
    names = set()
    for folder in ("storage/contracts", "actors/protocol"):
        for path in (ROOT / folder).glob("*.py"):
            module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            for name, value in vars(module).items():
                if isinstance(value, type) and issubclass(value, Enum) and value not in {Enum, StrEnum}:
                    names.add(name)
    return names


def test_no_enum_is_made_of_a_stored_value() -> None:
    """It would fail for values of later versions, whose instances run on the same stores in an upgrade."""
    known, found = enums(), set()
    for folder in READERS:
        for path in (ROOT / folder).rglob("*.py"):
            names = known.intersection(CALL.findall(path.read_text()))
            found |= {(str(path.relative_to(ROOT)), name) for name in names}
    assert "ActionType" in known
    assert found - SELECTED_BY_VALUE == set()
