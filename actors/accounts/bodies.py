"""Request and response bodies of the User service.

`field_errors` reports all invalid fields at once and skips absent ones (`UNSET`). The `repr` of a body never
shows a password or token.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

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
from actors.accounts.password_rules import profile_errors
from actors.protocol.errors import ApiError, FieldError
from actors.protocol.mentions import USERNAME_PATTERN
from actors.protocol.objects import OwnUser, UserCard
from config.limits import (
    AVATAR_URL_CHARACTERS,
    BIO_CHARACTERS,
    DEVICE_CHARACTERS,
    DISPLAY_NAME_CHARACTERS,
    EMAIL_CHARACTERS,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    USERNAME_CHARACTERS_MAX,
    USERNAME_CHARACTERS_MIN,
)
from storage.contracts.users import ProfileChange

Normalized = TypeVar("Normalized")
Kept = TypeVar("Kept", UnsetType, UnsetType | None)

# Values are validated by `field_errors`, which reports all errors; these schemas are documentation.
Email = Annotated[str, Meta(extra_json_schema={"format": "email", "maxLength": EMAIL_CHARACTERS})]
Username = Annotated[
    str,
    Meta(
        description="Case-insensitive. Some words are reserved.",
        extra_json_schema={
            "minLength": USERNAME_CHARACTERS_MIN,
            "maxLength": USERNAME_CHARACTERS_MAX,
            "pattern": f"^{USERNAME_PATTERN.replace('a-z', 'A-Za-z')}$",
        },
    ),
]
Password = Annotated[
    str,
    Meta(
        description="Not a common password, and not the username, display name or e-mail address.",
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
        description="The server never fetches it.",
        extra_json_schema={"format": "uri", "pattern": "^https://", "maxLength": AVATAR_URL_CHARACTERS},
    ),
]
Timestamp = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]


class Registration(msgspec.Struct, frozen=True):
    email: Email
    username: Username
    password: Password
    display_name: DisplayName | None = None
    invite_code: Annotated[str, Meta(description="If registration needs one.")] | None = None

    def field_errors(self) -> list[FieldError]:
        errors = collect_field_errors(
            ("email", validate_email_address, self.email),
            ("username", validate_username, self.username),
            ("password", validate_password, self.password),
            ("display_name", validate_display_name, self.display_name),
        )
        if isinstance(self.password, str):
            email = self.email if isinstance(self.email, str) else None
            names = (name for name in (self.username, self.display_name) if isinstance(name, str))
            errors += profile_errors("password", self.password, email=email, names=names)
        return errors

    def idempotency_payload(self) -> object:
        """Return what a repeated registration must have in common: not the password and the invite code."""
        return (self.email, self.username, self.display_name)

    def __repr__(self) -> str:
        return "Registration(...)"


class Login(msgspec.Struct, frozen=True):
    """An e-mail address or a username, and a password. Malformed values are wrong credentials."""

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
    """Absent fields stay unchanged; null clears a field. An `email` needs the `current_password`."""

    email: Email | UnsetType = UNSET
    username: Username | UnsetType = UNSET
    display_name: DisplayName | UnsetType | None = UNSET
    bio: Bio | UnsetType | None = UNSET
    avatar_url: AvatarUrl | UnsetType | None = UNSET
    private: (
        Annotated[bool, Meta(description="Whether only accepted followers see the user's posts.")] | UnsetType
    ) = UNSET
    current_password: str | UnsetType = UNSET

    def field_errors(self) -> list[FieldError]:
        return collect_field_errors(
            ("email", validate_email_address, self.email),
            ("username", validate_username, self.username),
            ("display_name", validate_display_name, self.display_name),
            ("bio", validate_bio, self.bio),
            ("avatar_url", validate_avatar_url, self.avatar_url),
        )

    def __repr__(self) -> str:
        return "ProfilePatch(...)"


def to_profile_change(patch: ProfilePatch) -> ProfileChange:
    """Return the change that a valid patch asks for, with normalized values."""
    return ProfileChange(
        email=_apply(validate_email_address, patch.email),
        username=_apply(validate_username, patch.username),
        display_name=_apply(validate_display_name, patch.display_name),
        bio=_apply(validate_bio, patch.bio),
        avatar_url=_apply(validate_avatar_url, patch.avatar_url),
        private=patch.private,
    )


def _apply(normalize: Callable[[str], Normalized], value: Kept | str) -> Normalized | Kept:
    """Normalize a text; UNSET and None stay as they are."""
    return normalize(value) if isinstance(value, str) else value


class AccountDeletionRequest(msgspec.Struct, frozen=True):
    """Deleting an account needs its password."""

    current_password: str | UnsetType = UNSET

    def __repr__(self) -> str:
        return "AccountDeletionRequest(...)"


class SignedIn(msgspec.Struct, frozen=True):
    """A new session. This is the only response that contains its token."""

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
    device: Annotated[
        str | None,
        Meta(
            description='What logged in, by its `User-Agent`: "Firefox on Android", or a program.',
            extra_json_schema={"maxLength": DEVICE_CHARACTERS},
        ),
    ] = None


class UserCardPage(msgspec.Struct, frozen=True):
    """A page of cards, and the key (username, id) of its last one; None if no page follows."""

    items: list[UserCard]
    next_key: tuple[str, str] | None


def raise_if_invalid(field_errors: Sequence[FieldError]) -> None:
    """Raise `request.invalid` with all field errors, if there are any."""
    if field_errors:
        raise ApiError("request.invalid", "Some fields are not valid.", errors=field_errors)
