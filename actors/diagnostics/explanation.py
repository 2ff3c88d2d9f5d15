"""The answer to "why did this user not get that message": a verdict, and what each source says."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """The reason, of all instances together."""

    DELIVERED = "delivered"
    RESUMED = "resumed"
    QUEUED = "queued"
    SHED = "shed"
    LAGGED = "lagged"
    FILTERED = "filtered"
    PENDING = "pending"
    UNSENT = "unsent"
    OFFLINE = "offline"
    NOT_A_MEMBER = "not_a_member"
    BLOCKED = "blocked"
    REFUSED = "refused"
    NOT_STORED = "not_stored"
    UNKNOWN = "unknown"


SUMMARIES = {
    Verdict.DELIVERED: "The message was written to a connection of the user.",
    Verdict.RESUMED: "The user was not connected, and got the message when a client resumed.",
    Verdict.QUEUED: "A client of the user reads too slowly. The message may wait in its send queue.",
    Verdict.SHED: (
        "A client of the user read too slowly. Its send queue was over the limit; the message was skipped. "
        "The client learns the range, as `lagged` or when it resumes, and reads it from the log."
    ),
    Verdict.LAGGED: (
        "The client missed too much to get it replayed. It got `lagged`, and reads the range over HTTP."
    ),
    Verdict.FILTERED: "The client excludes messages by the `intents` of its `authenticate`.",
    Verdict.PENDING: "The message is stored, but the instance of the user has not delivered it yet.",
    Verdict.UNSENT: "The connection was lost with unsent bytes. A client gets the message when it resumes.",
    Verdict.OFFLINE: (
        "The user had no connection when the message was stored, and no client has resumed since. "
        "Clients get it when they resume, or read it over HTTP."
    ),
    Verdict.NOT_A_MEMBER: "The user was not a member of the conversation at that message.",
    Verdict.BLOCKED: "There is no such message: one of the two users blocked the other, so it was refused.",
    Verdict.REFUSED: "There is no such message. Commands of the conversation were refused; see their codes.",
    Verdict.NOT_STORED: "There is no such message: the log of the conversation ends before it.",
    Verdict.UNKNOWN: (
        "What happened is not known: an instance with events in its memory did not answer, or has stopped "
        "since then."
    ),
}


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one source says. `at` is RFC 3339, by the clock of that instance."""

    source: str
    text: str
    instance: str | None = None
    at: str | None = None


class Explanation(msgspec.Struct, frozen=True):
    """`complete` is False if an instance that may know more did not answer in time."""

    user_id: str
    conversation_id: str
    seq: int
    verdict: Verdict
    summary: str
    complete: bool
    instances_answered: list[str]
    instances_unanswered: list[str]
    steps: list[Step]
