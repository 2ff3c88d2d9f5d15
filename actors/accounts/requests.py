"""What people send about their accounts, and the answers they get.

A request knows its own faults, all of them at once; a field that is missing (`UNSET`) is not judged
here. Its text form never shows a password.
"""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from actors.accounts.fields import (
    avatar_url_of,
    bio_of,
    display_name_of,
    email_of,
    faults_of,
    password_of,
    username_of,
)
from actors.wire.objects import OwnUser, UserCard
from actors.wire.refusal import FieldFault, Refusal


class Registration(msgspec.Struct, frozen=True):
    email: str
    username: str
    password: str
    display_name: str | None = None

    def faults(self) -> list[FieldFault]:
        return faults_of(
            ("email", email_of, self.email),
            ("username", username_of, self.username),
            ("password", password_of, self.password),
            ("display_name", display_name_of, self.display_name),
        )

    def __repr__(self) -> str:
        return "Registration(...)"


class Login(msgspec.Struct, frozen=True):
    """An e-mail address or a username, and a password. What is odd in them is simply wrong."""

    login: str
    password: str

    def __repr__(self) -> str:
        return "Login(...)"


class PasswordChange(msgspec.Struct, frozen=True):
    current_password: str
    new_password: str

    def faults(self) -> list[FieldFault]:
        return faults_of(("new_password", password_of, self.new_password))

    def __repr__(self) -> str:
        return "PasswordChange(...)"


class ProfilePatch(msgspec.Struct, frozen=True):
    """What is absent stays as it is; null clears."""

    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    display_name: str | UnsetType | None = UNSET
    bio: str | UnsetType | None = UNSET
    avatar_url: str | UnsetType | None = UNSET

    def faults(self) -> list[FieldFault]:
        return faults_of(
            ("email", email_of, self.email),
            ("username", username_of, self.username),
            ("display_name", display_name_of, self.display_name),
            ("bio", bio_of, self.bio),
            ("avatar_url", avatar_url_of, self.avatar_url),
        )


class SignedIn(msgspec.Struct, frozen=True):
    """The only answer that ever shows a token."""

    user: OwnUser
    token: str
    expires_at: str

    def __repr__(self) -> str:
        return "SignedIn(...)"


class SessionView(msgspec.Struct, frozen=True):
    id: str
    created_at: str
    last_used_at: str
    expires_at: str
    current: bool


class Cards(msgspec.Struct, frozen=True):
    """Some cards of a longer list, and the key after which the next ones stand."""

    items: list[UserCard]
    next_key: tuple[str, str] | None


def refuse(faults: Sequence[FieldFault]) -> None:
    """Refuse with all the faults, if there are any."""
    if faults:
        raise Refusal("request.invalid", "Some fields are not valid.", errors=faults)
