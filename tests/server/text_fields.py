"""The kind of every string that a client sends, and characters that each kind of text refuses and allows."""

from collections.abc import Iterator
from enum import Enum
from typing import get_args

import msgspec
from msgspec import inspect

from actors.protocol.commands import Command
from tests.server.api_docs.all_routes import collect_routes


class Kind(Enum):
    LINE = "text in one line"
    TEXT = "text in several lines"
    QUERY = "search text"
    EMOJI = "exactly one emoji, see tests/emoji_cases.json"
    HANDLE = "letters, digits, underscores and dots in ASCII"
    EMAIL = "an address, checked by its syntax"
    URL = "an http or https URL"
    LOGIN = "an e-mail address or a username: anything else is wrong credentials"
    SECRET = "a password or token: only its hash is stored"
    ID = "an id: anything that does not exist is not found"
    KEY = "an opaque key or cursor that the client chose or got from the server"


FIELD_KINDS = {
    "NewConversation.participants[]": Kind.ID,
    "NewConversation.name": Kind.LINE,
    "PageQuery.cursor": Kind.KEY,
    "ConversationPatch.name": Kind.LINE,
    "ConversationPatch.admins[]": Kind.ID,
    "ParticipantQuery.cursor": Kind.KEY,
    "ParticipantQuery.q": Kind.QUERY,
    "NewMessage.client_id": Kind.KEY,
    "NewMessage.content": Kind.TEXT,
    "NewMessage.mentions[]": Kind.ID,
    "NewMessage.reply_to": Kind.ID,
    "MessageContent.content": Kind.TEXT,
    "EventBody.title": Kind.LINE,
    "EventBody.description": Kind.TEXT,
    "EventBody.category": Kind.LINE,
    "EventQuery.cursor": Kind.KEY,
    "EventQuery.category": Kind.QUERY,
    "EventQuery.q": Kind.QUERY,
    "EventPatch.title": Kind.LINE,
    "EventPatch.description": Kind.TEXT,
    "EventPatch.category": Kind.LINE,
    "EventBody.timezone": Kind.KEY,
    "EventBody.place.name": Kind.LINE,
    "EventBody.place.address": Kind.LINE,
    "EventBody.url": Kind.URL,
    "EventBody.rrule": Kind.KEY,
    "EventPatch.rrule": Kind.KEY,
    "EventPatch.timezone": Kind.KEY,
    "EventPatch.place.name": Kind.LINE,
    "EventPatch.place.address": Kind.LINE,
    "EventPatch.url": Kind.URL,
    "EventQuery.near": Kind.KEY,
    "RsvpQuery.cursor": Kind.KEY,
    "AnnouncementBody.content": Kind.TEXT,
    "CheckIn.code": Kind.SECRET,
    "Cancellation.reason": Kind.TEXT,
    "Invites.user_ids[]": Kind.ID,
    "NotificationQuery.cursor": Kind.KEY,
    "PreferencesUpdate.quiet_hours.from": Kind.KEY,
    "PreferencesUpdate.quiet_hours.to": Kind.KEY,
    "PreferencesUpdate.quiet_hours.timezone": Kind.KEY,
    "NewPost.content": Kind.TEXT,
    "NewPost.event_id": Kind.ID,
    "NewComment.content": Kind.TEXT,
    "NewRepost.content": Kind.TEXT,
    "NewComment.parent_id": Kind.ID,
    "PostPatch.content": Kind.TEXT,
    "PresenceQuery.user_ids[]": Kind.ID,
    "RelationshipQuery.user_ids[]": Kind.ID,
    "ResetRequest.email": Kind.EMAIL,
    "PasswordReset.new_password": Kind.SECRET,
    "ReportRequest.id": Kind.ID,
    "ReportRequest.reason": Kind.TEXT,
    "ReportQuery.cursor": Kind.KEY,
    "ReportQuery.assigned_to": Kind.ID,
    "AssigneeRequest.user_id": Kind.ID,
    "AuditQuery.cursor": Kind.KEY,
    "AuditQuery.user_id": Kind.ID,
    "ModeratedUserQuery.cursor": Kind.KEY,
    "ActionRequest.id": Kind.ID,
    "ActionRequest.report_id": Kind.ID,
    "ActionRequest.reason": Kind.TEXT,
    "RoleRequest.reason": Kind.TEXT,
    "ResolutionRequest.resolution": Kind.TEXT,
    "Registration.invite_code": Kind.KEY,
    "BlockedNameQuery.cursor": Kind.KEY,
    "AppealQuery.cursor": Kind.KEY,
    "AppealRequest.action_id": Kind.ID,
    "AppealRequest.content": Kind.TEXT,
    "AccountAppealRequest.login": Kind.LOGIN,
    "AccountAppealRequest.password": Kind.SECRET,
    "AccountAppealRequest.content": Kind.TEXT,
    "AppealAnswerRequest.answer": Kind.TEXT,
    "Login.login": Kind.LOGIN,
    "Login.password": Kind.SECRET,
    "Registration.email": Kind.EMAIL,
    "Registration.username": Kind.HANDLE,
    "Registration.password": Kind.SECRET,
    "Registration.display_name": Kind.LINE,
    "UserQuery.cursor": Kind.KEY,
    "UserQuery.q": Kind.QUERY,
    "UserQuery.ids[]": Kind.ID,
    "ProfilePatch.email": Kind.EMAIL,
    "ProfilePatch.username": Kind.HANDLE,
    "ProfilePatch.display_name": Kind.LINE,
    "ProfilePatch.bio": Kind.TEXT,
    "ProfilePatch.avatar_url": Kind.URL,
    "AccountDeletionRequest.current_password": Kind.SECRET,
    "ProfilePatch.current_password": Kind.SECRET,
    "PasswordChange.current_password": Kind.SECRET,
    "PasswordChange.new_password": Kind.SECRET,
    "Authenticate.id": Kind.KEY,
    "Authenticate.token": Kind.SECRET,
    "Authenticate.resume.session_id": Kind.KEY,
    "Authenticate.resume.epoch": Kind.KEY,
    "Authenticate.resume.conversations{}": Kind.ID,
    "SendMessage.id": Kind.KEY,
    "SendMessage.conversation_id": Kind.ID,
    "SendMessage.client_id": Kind.KEY,
    "SendMessage.content": Kind.TEXT,
    "SendMessage.mentions[]": Kind.ID,
    "SendMessage.reply_to": Kind.ID,
    "EditMessage.id": Kind.KEY,
    "EditMessage.conversation_id": Kind.ID,
    "EditMessage.message_id": Kind.ID,
    "EditMessage.content": Kind.TEXT,
    "DeleteMessage.id": Kind.KEY,
    "DeleteMessage.conversation_id": Kind.ID,
    "DeleteMessage.message_id": Kind.ID,
    "AddReaction.id": Kind.KEY,
    "AddReaction.conversation_id": Kind.ID,
    "AddReaction.message_id": Kind.ID,
    "AddReaction.emoji": Kind.EMOJI,
    "RemoveReaction.id": Kind.KEY,
    "RemoveReaction.conversation_id": Kind.ID,
    "RemoveReaction.message_id": Kind.ID,
    "RemoveReaction.emoji": Kind.EMOJI,
    "ReadConversation.id": Kind.KEY,
    "ReadConversation.conversation_id": Kind.ID,
    "Typing.id": Kind.KEY,
    "Typing.conversation_id": Kind.ID,
    "SetPresence.id": Kind.KEY,
    "WatchPosts.id": Kind.KEY,
    "WatchPosts.post_ids[]": Kind.ID,
    "WatchPresence.id": Kind.KEY,
    "WatchPresence.user_ids[]": Kind.ID,
    "Ping.id": Kind.KEY,
}

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
BIDI_CONTROLS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ALWAYS_REFUSED = "\x00\x01\x0b\x0c\x1b\x1f\x7f\x80\x85\x9f\ufdd0\ufffe\U0010ffff"
# The last one is not assigned by any version of Unicode.
_LINE_REFUSED = "\n\t\r\u2028\u2029\u00ad\u2060\ufeff\ufff9\U000e0001\U000e0041\U0003fffd" + BIDI_CONTROLS
REFUSED_CHARACTERS = {
    Kind.LINE: _ALWAYS_REFUSED + _LINE_REFUSED,
    Kind.TEXT: _ALWAYS_REFUSED + "\U000e0001\U000e0041\U000e007f",
    Kind.QUERY: _ALWAYS_REFUSED + "\n\t",
}
INVISIBLE_TEXTS = [
    "\u200b",
    "\u3164",
    "\u2800",
    "\ufe0f",
    "\u0301",
    "\u115f",
    "\u200d\u200c",
    "\u200b \u2800",
]
_ALLOWED_LINES = [
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with ZWNJ
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala, with ZWJ
    "\u1781\u17d2\u1798\u17c2\u179a\u200b\u1797\u17b6\u179f\u17b6",  # Khmer, with ZWSP
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    f"\u2764\ufe0f {ENGLAND}",
    "\u82b1\u3000\u898b\u00a0!",
    "e\u0301",
    "\U0001fae9",  # Unicode 16
    "\uf8ff",
]
ALLOWED_TEXTS = {
    Kind.LINE: _ALLOWED_LINES,
    Kind.TEXT: [*_ALLOWED_LINES, "a\nb\tc", "a\r\nb", f"a{BIDI_CONTROLS}b", "\U0003fffd"],
    Kind.QUERY: [*_ALLOWED_LINES, f"a{BIDI_CONTROLS}b", "\U0003fffd"],
}


def request_string_fields() -> set[str]:
    """Return `Struct.field` of every string in the bodies, queries and commands that clients send."""
    structs = {struct for route in collect_routes() for struct in (route.body, route.query) if struct}
    return {
        name
        for struct in (*structs, *get_args(Command))
        for name in _string_paths(inspect.type_info(struct), struct.__name__)
    }


def text_fields(struct: type[msgspec.Struct]) -> Iterator[tuple[str, Kind]]:
    """Yield the fields of a struct that hold user text, with their kind."""
    for field in msgspec.structs.fields(struct):
        kind = FIELD_KINDS.get(f"{struct.__name__}.{field.encode_name}")
        if kind in ALLOWED_TEXTS:
            yield field.encode_name, kind


def _string_paths(kind: inspect.Type, path: str) -> Iterator[str]:
    match kind:
        case inspect.StrType():
            yield path
        case inspect.Metadata(type=inner):
            yield from _string_paths(inner, path)
        case inspect.UnionType(types=members):
            for member in members:
                yield from _string_paths(member, path)
        case inspect.CollectionType(item_type=item):
            yield from _string_paths(item, f"{path}[]")
        case inspect.DictType(key_type=key, value_type=value):
            yield from _string_paths(key, f"{path}{{}}")
            yield from _string_paths(value, f"{path}{{:}}")
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from _string_paths(field.type, f"{path}.{field.encode_name}")
        case _:
            pass
