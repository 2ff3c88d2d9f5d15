"""What the role and the restrictions of a user allow."""

from datetime import UTC, datetime

from actors.protocol.errors import ApiError
from storage.contracts.users import Role


def has_role(role: Role | None, required: Role) -> bool:
    """Whether a role includes another: admins may do all that moderators may."""
    return role is required or role is Role.ADMIN


def is_silenced(silenced_until: datetime | None) -> bool:
    """Whether moderators have silenced the user and the time has not passed: no writing, only reading."""
    return silenced_until is not None and silenced_until > datetime.now(UTC)


def silenced() -> ApiError:
    return ApiError("user.silenced", "Moderators have silenced you: you can read but not write.")


def last_admin() -> ApiError:
    return ApiError("role.last_admin", "There must be an admin. Make another user admin first.")
