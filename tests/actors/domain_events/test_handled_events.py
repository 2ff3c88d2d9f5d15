"""Every domain event that a trigger or function writes has a consumer, or is ignored on purpose."""

import re
from pathlib import Path
from typing import get_args

from actors.domain_events import event_types
from actors.notifications.user_actions import UndoneAction, UserAction
from storage.postgres.statement import SQL

ACTORS = Path(event_types.__file__).resolve().parents[1]
IGNORED: dict[str, str] = {}
"""Event type -> why no consumer handles it."""
# A refusal such as event.past, and a setting such as convene.actor_id, are named like an event.
EVENT_NAME = re.compile(r"(?<!refused := )'((?!convene\.)[a-z_]+\.[a-z_]+)'")


def written_event_types() -> set[str]:
    """The types that the routines of all services insert into an outbox."""
    written: set[str] = set()
    for path in [*SQL.glob("*/triggers/*.sql"), *SQL.glob("*/functions/*.sql")]:
        text = path.read_text("utf-8")
        if "INSERT INTO outbox" in text:
            written |= set(EVENT_NAME.findall(text))
    return written


def test_every_written_event_type_is_decoded() -> None:
    """And every decoded type is written."""
    assert written_event_types() == event_types._EVENT_TYPES.keys()


def test_every_event_type_is_handled_or_ignored_on_purpose() -> None:
    """A consumer names the struct of the type, or a base of it; or it is an action of a user."""
    actions = {*get_args(UserAction), *get_args(UndoneAction)}
    sources = [
        source
        for path in ACTORS.rglob("*.py")
        if path.parent.name != "domain_events" and "decode_event" in (source := path.read_text("utf-8"))
    ]
    for name, struct in event_types._EVENT_TYPES.items():
        names = [base.__name__ for base in struct.__mro__ if base.__module__ == event_types.__name__]
        pattern = re.compile(rf"\b({'|'.join(names)})\(|\bisinstance\(\w+, [\w |]*\b({'|'.join(names)})\b")
        handled = struct in actions or any(pattern.search(source) for source in sources)
        assert handled != (name in IGNORED), name
