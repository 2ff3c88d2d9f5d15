"""The browser client has its own texts for what the server says in English only."""

import inspect
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest

from actors.domain_events.event_types import EventAnnounced, EventReminder
from actors.notifications import event_templates
from actors.notifications import notification_templates as templates
from actors.notifications.user_actions import to_template
from actors.protocol.errors import ERROR_SPECS
from actors.protocol.objects import UserCard
from server.web_client import WEB_FOLDER
from storage.contracts.notifications import NewNotification
from tests.actors.notifications.example_actions import example_actions

ANA = UserCard("1", "ana", "Ana: and 3 more", None, verified=False)
TITLE = "Talk: it was cancelled"
TRANSLATE = """
import { readFileSync } from "node:fs";
import { setTexts } from %(i18n)s;
setTexts("de", JSON.parse(readFileSync(%(texts)s, "utf8")), ["de"]);
const { notificationText } = await import(%(module)s);
const all = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(all.map(notificationText)));
"""


def notifications() -> list[NewNotification]:
    """Return at least one notification of each kind."""
    announced = EventAnnounced("7", "8", ANA.id, "Talk", "Bring: cake\nand tea")

    def reminder(minutes: int, starts_in_s: float) -> NewNotification:
        start = datetime(2030, 1, 1, tzinfo=UTC)
        return event_templates.event_reminder("2", EventReminder("7", TITLE, start, minutes, starts_in_s, []))

    moderated = [
        templates.moderated("2", "9", type_, "post", "a: reason") for type_ in templates.MODERATION_TEXTS
    ]
    return [
        *(to_template(action, "s").to_notification(ANA) for action in example_actions(TITLE)),
        event_templates.event_updated("2", ANA, "7", TITLE, "s"),
        event_templates.event_cancelled("2", ANA, "7", "Talk", None),
        event_templates.event_cancelled("2", ANA, "7", "Talk", "rain"),
        event_templates.rsvp_requested("2", ANA, "7", TITLE),
        event_templates.event_announced("2", ANA, announced),
        reminder(60, 3600),
        reminder(15, 900),
        reminder(2880, 172_800),
        reminder(15, 0),
        event_templates.waitlist_promoted("2", "7", TITLE, "s"),
        templates.mentioned("2", ANA, "10", "11"),
        templates.export_ready("2", "12"),
        *(one for one in moderated if one is not None),
        templates.appeal_answered("2", "9", accepted=True),
        templates.appeal_answered("2", "9", accepted=False),
    ]


def translated(received: list[dict[str, Any]]) -> list[str]:
    values = {
        "i18n": WEB_FOLDER / "i18n.js",
        "texts": WEB_FOLDER / "locales/de.json",
        "module": WEB_FOLDER / "state/notification_types.js",
    }
    script = TRANSLATE % {name: json.dumps(str(path)) for name, path in values.items()}
    command = ["node", "--input-type=module", "--eval", script]
    output = subprocess.run(command, input=json.dumps(received), check=True, capture_output=True, text=True)
    texts: list[str] = json.loads(output.stdout)
    return texts


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_each_notification_has_a_german_text() -> None:
    """None is shown in English, whatever names and titles contain, alone and grouped."""
    received = []
    for one in notifications():
        sender = {"username": ANA.username, "display_name": ANA.display_name} if one.sender_id else None
        received.append({"message": one.message, "sender": sender})
        if one.grouped_message is not None:
            before, after = one.grouped_message
            received.append({"message": f"{before}2{after}", "sender": sender})
    english = re.compile(r"\b(you|your|You|more|starts?|Moderators|updated|asked)\b")
    texts = translated(received)
    for text, shown in zip(texts, received, strict=True):
        assert text != shown["message"]
        assert not english.search(text.replace(ANA.display_name or "", "").replace(TITLE, "")), text
    assert "Ana: and 3 more und 2 weitere folgen dir jetzt" in texts
    assert f"{TITLE} beginnt in 1 Stunde" in texts
    assert "Talk wurde abgesagt: rain" in texts


def test_each_kind_of_notification_is_tested() -> None:
    """The list above calls every function that makes a notification; it has all actions of users."""
    made = {
        name
        for module in (templates, event_templates)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and "NewNotification" in str(inspect.signature(function).return_annotation)
    }
    assert made
    assert made <= set(re.findall(r"templates\.(\w+)\(", inspect.getsource(notifications)))


def test_errors_with_a_text_are_errors_of_the_server() -> None:
    """A code that the client has a text for exists."""
    source = (WEB_FOLDER / "network/error_text.js").read_text("utf-8")
    codes = re.findall(r'^  "([a-z_.]+)": t\(', source, re.MULTILINE)
    assert codes
    assert set(codes) <= ERROR_SPECS.keys()
