"""Roles, and rules that state the outcome of a request for each role.

A rule is a mapping from role to outcome: `PASS`, `HIDDEN`, or the code of the error.
"""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """Who makes the request, relative to the owner of the objects that it names."""

    ANONYMOUS = "anonymous"
    REVOKED = "revoked"
    """The owner, with the token of a session that was revoked."""
    UNRELATED = "unrelated"
    FORMER = "former"
    """Has left the owner's group."""
    BLOCKED = "blocked"
    """The owner blocks them."""
    BLOCKING = "blocking"
    """They block the owner."""
    MEMBER = "member"
    ADMIN = "admin"
    """An admin of the owner's group, who owns nothing in it."""
    MODERATOR = "moderator"
    """A moderator of the server, who has no other relation."""
    SERVER_ADMIN = "server_admin"
    """An admin of the server, who has no other relation."""
    OWNER = "owner"
    """The owner of the objects: author, host, creator and admin of the group."""


Outcome = str
Rule = Mapping[Role, Outcome]

PASS = "pass"
HIDDEN = "hidden"
"""Passes, and the list does not hold the owner."""
SIGNED_OUT = {Role.ANONYMOUS: "auth.required", Role.REVOKED: "auth.required"}
BLOCK_ROLES = (Role.BLOCKED, Role.BLOCKING)
STAFF = (Role.MODERATOR, Role.SERVER_ADMIN)
NON_MEMBERS = (Role.UNRELATED, Role.FORMER, *BLOCK_ROLES, *STAFF)


def _rule(others: Outcome, **outcomes: Outcome) -> Rule:
    """Return a rule: signed-out roles need authentication, `outcomes` by role name, `others` for the rest."""
    named = {Role(name): outcome for name, outcome in outcomes.items()}
    return {role: named.get(role, SIGNED_OUT.get(role, others)) for role in Role}


PUBLIC: Rule = dict.fromkeys(Role, PASS)
ANY_USER = _rule(PASS)
LISTED = _rule(PASS, **dict.fromkeys(BLOCK_ROLES, HIDDEN))
RELATED = _rule(PASS, blocked=HIDDEN, owner=HIDDEN)
"""Those whom the owner does not block: one still sees whom one blocks. Nobody relates to themselves."""
MEMBERS = _rule(PASS, **dict.fromkeys(NON_MEMBERS, "conversation.not_found"))
MESSAGE_OF_MEMBERS = _rule(PASS, **dict.fromkeys(NON_MEMBERS, "message.not_found"))
ADMINS = _rule(PASS, member="permission.denied", **dict.fromkeys(NON_MEMBERS, "conversation.not_found"))
AUTHOR = _rule("permission.denied", owner=PASS, **dict.fromkeys(NON_MEMBERS, "conversation.not_found"))
"""Of messages: others in the conversation may not change them."""
AUTHOR_AND_ADMINS = ADMINS
MODERATORS = _rule("permission.denied", **dict.fromkeys(STAFF, PASS))
SERVER_ADMINS = _rule("permission.denied", server_admin=PASS)


def staff(outcome: Outcome) -> Rule:
    """The same error for moderators and admins of the server; the others are denied."""
    return _rule("permission.denied", **dict.fromkeys(STAFF, outcome))


def everyone(outcome: Outcome) -> Rule:
    """The same error for all roles."""
    return dict.fromkeys(Role, outcome)


def signed_in(outcome: Outcome) -> Rule:
    """The same error for all users."""
    return _rule(outcome)


def unblocked(noun: str) -> Rule:
    """Everyone without a block between them and the owner; for the others the object does not exist."""
    return _rule(PASS, **dict.fromkeys(BLOCK_ROLES, f"{noun}.not_found"))


def owner_of_visible(noun: str, owner: Outcome = PASS) -> Rule:
    """The owner, with this outcome; others see the object but may not do this to it."""
    return _rule("permission.denied", owner=owner, **dict.fromkeys(BLOCK_ROLES, f"{noun}.not_found"))


def owner_of_hidden(noun: str) -> Rule:
    """The owner; for everyone else the object does not exist."""
    return _rule(f"{noun}.not_found", owner=PASS)


def towards_owner(**outcomes: Outcome) -> Rule:
    """What one user does to another: the owner cannot do it to themselves."""
    return _rule(PASS, **{"owner": "request.invalid", **outcomes})
