"""What people send about their accounts, and the answers they get.

A request knows its own faults, all of them at once; a field that is missing (`UNSET`) is not judged
here. Its text form never shows a password.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from actors.accounts.fields import (
    collect_field_errors,
    validate_avatar_url,
    validate_bio,
    validate_display_name,
    validate_email_address,
    validate_password,
    validate_username,
)
from actors.protocol.errors import ApiError, FieldError
from actors.protocol.objects import OwnUser, UserCard
from config.limits import (
    AVATAR_URL_CHARACTERS,
    BIO_CHARACTERS,
    DISPLAY_NAME_CHARACTERS,
    EMAIL_CHARACTERS,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    USERNAME_CHARACTERS_MAX,
    USERNAME_CHARACTERS_MIN,
)

# What these fields may hold is judged by `faults`, which tells all of it; the schemas are for readers.
Email = Annotated[str, Meta(extra_json_schema={"format": "email", "maxLength": EMAIL_CHARACTERS})]
Username = Annotated[
    str,
    Meta(
        description="Without regard to case.",
        extra_json_schema={
            "minLength": USERNAME_CHARACTERS_MIN,
            "maxLength": USERNAME_CHARACTERS_MAX,
            "pattern": "^[A-Za-z0-9_.]+$",
        },
    ),
]
Password = Annotated[
    str,
    Meta(
        extra_json_schema={
            "format": "password",
            "minLength": PASSWORD_CHARACTERS_MIN,
            "maxLength": PASSWORD_CHARACTERS_MAX,
        },
    ),
]
DisplayName = Annotated[
    str, Meta(description="Trimmed.", extra_json_schema={"maxLength": DISPLAY_NAME_CHARACTERS})
]
Bio = Annotated[str, Meta(description="Trimmed.", extra_json_schema={"maxLength": BIO_CHARACTERS})]
AvatarUrl = Annotated[
    str,
    Meta(
        description="Never fetched.",
        extra_json_schema={"format": "uri", "pattern": "^https://", "maxLength": AVATAR_URL_CHARACTERS},
    ),
]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Registration(msgspec.Struct, frozen=True):
    email: Email
    username: Username
    password: Password
    display_name: DisplayName | None = None

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(
            ("email", validate_email_address, self.email),
            ("username", validate_username, self.username),
            ("password", validate_password, self.password),
            ("display_name", validate_display_name, self.display_name),
        )

    def idempotency_payload(self) -> object:
        """All but the password: a repeated registration is known by what is no secret."""
        return (self.email, self.username, self.display_name)

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
    new_password: Password

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(("new_password", validate_password, self.new_password))

    def __repr__(self) -> str:
        return "PasswordChange(...)"


class ProfilePatch(msgspec.Struct, frozen=True):
    """What is absent stays as it is; null clears."""

    email: Email | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    display_name: DisplayName | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET
    avatar_url: AvatarUrl | UnsetType | None = UNSET

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(
            ("email", validate_email_address, self.email),
            ("username", validate_username, self.username),
            ("display_name", validate_display_name, self.display_name),
            ("bio", validate_bio, self.bio),
            ("avatar_url", validate_avatar_url, self.avatar_url),
        )


class SignedIn(msgspec.Struct, frozen=True):
    """The only answer that ever shows a token."""

    user: OwnUser
    token: str
    expires_at: Timestamp

    def __repr__(self) -> str:
        return "SignedIn(...)"


class SessionView(msgspec.Struct, frozen=True):
    id: str
    created_at: Timestamp
    last_used_at: Timestamp
    expires_at: Timestamp
    current: bool


class UserCardPage(msgspec.Struct, frozen=True):
    """Some cards of a longer list, and the key after which the next ones stand."""

    items: list[UserCard]
    next_key: tuple[str, str] | None


def raise_if_invalid(field_errors: Sequence[FieldError]) -> None:
    """Refuse with all the faults, if there are any."""
    if field_errors:
        raise ApiError("request.invalid", "Some fields are not valid.", errors=field_errors)
