"""Records of the User service: users and sessions. Passwords and tokens occur only as hashes."""

from datetime import datetime

import msgspec


class UserRecord(msgspec.Struct, frozen=True):
    id: str
    email: str
    username: str
    display_name: str | None
    bio: str | None
    avatar_url: str | None
    verified: bool
    created_at: datetime


class Credentials(msgspec.Struct, frozen=True):
    """A user and the password hash that a login is checked against."""

    user: UserRecord
    password_hash: str


class NewUser(msgspec.Struct, frozen=True):
    email: str
    username: str
    password_hash: str
    display_name: str | None


class ProfileChange(msgspec.Struct, frozen=True):
    """New values of fields; `msgspec.UNSET` leaves a field unchanged, None clears it."""

    email: str | msgspec.UnsetType = msgspec.UNSET
    username: str | msgspec.UnsetType = msgspec.UNSET
    display_name: str | msgspec.UnsetType | None = msgspec.UNSET
    bio: str | msgspec.UnsetType | None = msgspec.UNSET
    avatar_url: str | msgspec.UnsetType | None = msgspec.UNSET


class SessionRecord(msgspec.Struct, frozen=True):
    id: str
    user_id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class Identity(msgspec.Struct, frozen=True):
    """The user and session that a valid token belongs to."""

    session_id: str
    user: UserRecord
    expires_at: datetime
