"""Converts user and session records to API objects.

Only `to_own_user` includes the e-mail address.
"""

from actors.accounts.bodies import SessionView
from actors.accounts.restrictions import is_silenced
from actors.protocol.objects import OwnUser, Relationship, User, UserCard
from actors.protocol.social_objects import SocialStats
from actors.protocol.timestamps import rfc3339_from_datetime
from storage.contracts.users import SessionRecord, UserRecord


def to_user_card(user: UserRecord) -> UserCard:
    return UserCard(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        verified=user.verified,
    )


def to_public_user(user: UserRecord, stats: SocialStats, relationship: Relationship | None) -> User:
    return User(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        verified=user.verified,
        bio=user.bio,
        created_at=rfc3339_from_datetime(user.created_at),
        followers_count=stats.followers_count,
        following_count=stats.following_count,
        posts_count=stats.posts_count,
        relationship=relationship,
        private=user.private,
    )


def to_own_user(user: UserRecord) -> OwnUser:
    return OwnUser(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        avatar_url=user.avatar_url,
        verified=user.verified,
        bio=user.bio,
        created_at=rfc3339_from_datetime(user.created_at),
        email=user.email,
        private=user.private,
        role=None if user.role is None else user.role.value,
        silenced_until=(
            rfc3339_from_datetime(user.silenced_until)
            if user.silenced_until is not None and is_silenced(user.silenced_until)
            else None
        ),
    )


def to_session_view(session: SessionRecord, current_session_id: str) -> SessionView:
    return SessionView(
        id=session.id,
        created_at=rfc3339_from_datetime(session.created_at),
        last_used_at=rfc3339_from_datetime(session.last_used_at),
        expires_at=rfc3339_from_datetime(session.expires_at),
        current=session.id == current_session_id,
        device=session.device,
    )
