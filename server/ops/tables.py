"""Tables and texts of the operators' pages, from what instances answered."""

from typing import Final

from yarl import URL

from actors.diagnostics.explanation import Explanation
from actors.diagnostics.operator_channel import Answers
from actors.diagnostics.queries import BoxEvent, InstanceActors, row_key
from actors.runtime.black_box import EVENT_NUMBERS
from server.ops.html import Content, element, format_time, link, table
from storage.contracts.identifiers import is_id, is_user_id

INSTANCE_CHARACTERS: Final = 12
EVENT_COLUMNS: Final = ("time (UTC)", "event", "subject", "detail", "numbers")


def event_row(event: BoxEvent) -> tuple[Content, ...]:
    """Return a row for `EVENT_COLUMNS`. A subject that is no id may be text that a client sent."""
    subject = event.subject
    if is_id(subject):
        shown: Content = link(f"/ops/conversations/{subject}", subject)
    else:
        shown = subject if is_user_id(subject) or _is_instance(subject) else ""
    names = EVENT_NUMBERS.get(event.kind, ("", ""))
    values = (event.number_1, event.number_2)
    numbers = ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=False) if value)
    return format_time(event.at_s), event.kind, shown, event.detail, numbers


def _is_instance(text: str) -> bool:
    return len(text) == INSTANCE_CHARACTERS and all(character in "0123456789abcdef" for character in text)


def actor_tree(answer: InstanceActors, text: str) -> list[Content]:
    """Return the sessions and conversations of one instance."""
    place = f"?instance={answer.instance}"
    sessions = [
        (link(f"/ops/sessions/{row.key}{place}", row.key), row.owner, row.state, row.waiting)
        for row in answer.rows
        if row.kind == "session"
    ]
    conversations = [
        (link(f"/ops/conversations/{row.key}{place}", row.key), row.state, row.waiting)
        for row in answer.rows
        if row.kind == "conversation"
    ]
    parts: list[Content] = [
        element("h2", f"Instance {answer.instance}"),
        table("Sessions", ("session", "user", "state", "bytes queued"), sessions),
        table("Conversations", ("conversation", "state", "messages in the mailbox"), conversations),
    ]
    if answer.has_more:
        last = answer.rows[-1]
        address = URL("/ops/actors").with_query(search=text, after=row_key(last))
        parts.append(element("p", link(str(address), "More of this instance")))
    return parts


def describe_explanation(explanation: Explanation) -> list[Content]:
    silent = ", ".join(explanation.instances_unanswered)
    rows = [(step.at or "", step.instance or "", step.source, step.text) for step in explanation.steps]
    return [
        element("h2", f"{explanation.verdict.value}: {explanation.summary}"),
        element(
            "p", f"Answered: {', '.join(explanation.instances_answered)}. Did not answer: {silent or 'none'}."
        ),
        table("What is known", ("time (UTC)", "instance", "source", "what it says"), rows),
    ]


def describe_silence(answers: Answers) -> list[Content]:
    if not answers.instances_known:
        return [element("p", "The list of instances could not be read; others may exist.", class_="bad")]
    if answers.unanswered:
        return [element("p", f"Did not answer in time: {', '.join(answers.unanswered)}.", class_="bad")]
    return []
