"""What is to be told of commands and frames beside the docstrings of their structs.

Where both say something the words here come first. Never a rule that a struct's own fields tell.
"""

from typing import Final, get_args, get_origin

from msgspec import Struct

from actors.protocol.commands import (
    AddReaction,
    Authenticate,
    DeleteMessage,
    EditMessage,
    Ping,
    ReadConversation,
    RemoveReaction,
    SendMessage,
    SetPresence,
    Typing,
    WatchPresence,
)
from actors.protocol.server_frames import (
    ConversationJoined,
    ConversationLeft,
    ConversationMarked,
    ConversationUpdated,
    Error,
    Goodbye,
    Hello,
    Lagged,
    MessageCreated,
    MessageUpdated,
    NotificationCreated,
    NotificationRead,
    Ok,
    Ready,
    Resync,
)
from config.limits import (
    EMOJI_CHARACTERS,
    EMOJIS_PER_MESSAGE,
    MESSAGE_CHARACTERS,
    PRESENCE_WATCHED_USERS,
    TYPING_MEMBERS_MAX,
)
from server.api_docs.docstrings import own_docstring, split_summary

FRAME_DESCRIPTIONS: Final[dict[type[Struct], str]] = {
    Authenticate: """
        Log in, and go on where one was cut off.

        The first frame of a socket whose upgrade bore no bearer header; nothing else is done before `ready`.
        With `resume` the missed frames follow `ready`, in order, and then `resumed`; or `resync` in place of
        all of them. A conversation that `resume` does not list is only heard from now on; one that the user
        is no longer in is answered by `conversation.left`. `intents` is taken and not acted upon: everything
        is pushed.

        Where the upgrade bore the header, a frame with `resume` is answered by `resync`: the socket hears
        everything already.
        """,
    SendMessage: f"""
        Send a message.

        `ok` comes once it is durable. The `client_id` makes it happen once, for ever: the same one again
        answers the first result with `duplicate`, and with another content, mentions or reply_to it is
        refused as `idempotency.conflict`. The content has 1 to {MESSAGE_CHARACTERS:,} characters after
        trimming. Sending reads up to one's own message.
        """,
    EditMessage: """
        Change what one wrote.

        Only its author may. What changes nothing takes no `seq` and answers the latest.
        """,
    DeleteMessage: """
        Delete a message.

        Its author or an admin may. What changes nothing takes no `seq` and answers the latest.
        """,
    AddReaction: f"""
        React to a message.

        `emoji` has at most {EMOJI_CHARACTERS} characters. A message has at most
        {EMOJIS_PER_MESSAGE} different ones.
        What changes nothing takes no `seq` and answers the latest.
        """,
    RemoveReaction: """
        Take a reaction back.

        What changes nothing takes no `seq` and answers the latest.
        """,
    ReadConversation: """
        Read a conversation up to a `seq`.

        Forward only, and never past the head.
        """,
    Typing: f"""
        Tell that one types, or has stopped.

        Say it again while it goes on: after six seconds of silence the server ends it. Only conversations of
        at most {TYPING_MEMBERS_MAX} members are told.
        """,
    SetPresence: "Tell whether one is here or away.",
    WatchPresence: f"""
        Hear how people are, from now on.

        The list replaces the last one; it has at most {PRESENCE_WATCHED_USERS} people. One is told only of
        people whom one
        follows, is followed by or shares a conversation with; others are shown as offline.
        """,
    Ping: "Ask for a sign of life.",
    Hello: "The first frame: what this server keeps to.",
    Ready: """
        The socket is logged in.

        From here on it hears everything of its user: take it first, then read the state over HTTP, and
        nothing falls between. `id` is null where the upgrade request bore the token.
        """,
    Resync: """
        What was missed is not to be had: read the state over HTTP, and go on from here.

        `reason` is `expired`, `epoch` or `too_far`. It may come at any time, when the stream was lost.
        """,
    Ok: "The command was done.",
    Error: """
        The command was refused.

        `code` is one of those that problems have over HTTP, or `frame.unknown_type`. `retry` says whether the
        very same command may succeed later, and `retry_after_ms` from when on.
        """,
    Goodbye: """
        The server is about to close.

        It comes before every close by the server, where the socket still takes bytes. `resume` says whether
        to connect again and resume, and `retry_after_ms` from when on.
        """,
    MessageCreated: """
        A message was sent.

        The sender's own sockets are told too.
        """,
    MessageUpdated: """
        A message is another: edited, deleted, or with other reactions.

        It replaces the one with the same id, if its `changed_seq` is higher. The frame's `seq` is the
        message's `changed_seq`.
        """,
    ConversationUpdated: """
        A conversation is another: its name, its admins or its members.

        `message` is the SYSTEM message that says so; what is not in `changed` is as it was.
        """,
    ConversationJoined: """
        One is in a conversation from now on.

        It comes before any other frame of it.
        """,
    ConversationLeft: """
        One is no longer in a conversation.

        It is the last frame of it.
        """,
    ConversationMarked: """
        One's own read mark has moved.

        For the other devices.
        """,
    NotificationCreated: "There is a notification.",
    NotificationRead: "Notifications were read.",
    Lagged: """
        A client that was slow, or far behind, was spared some frames of a conversation.

        Both ends are inclusive. Fetch them from `GET /v1/conversations/{id}/changes`.
        """,
}


def describe_frame(kind: type[Struct]) -> tuple[str, str]:
    """The summary of a command or frame, and its description; of an `ok` also what is told of its result."""
    named = get_origin(kind) or kind
    told = "\n\n".join((FRAME_DESCRIPTIONS.get(named, ""), *map(own_docstring, (named, *get_args(kind)))))
    paragraphs = (" ".join(part.split()) for part in told.split("\n\n"))
    return split_summary("\n\n".join(filter(None, paragraphs)) or named.__name__)
