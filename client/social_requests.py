"""Requests about other users: profiles, follows, suggestions, blocks and mutes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from actors.protocol.objects import User, UserCard, UserRelationship
from actors.protocol.social_objects import FollowRequest, Mute, Suggestion
from client.http_responses import Page, RelationshipList
from client.http_transport import HttpTransport, resource_path

USERS: Final = "/v1/users"


class SocialRequests(HttpTransport):
    """Lists return one page; pass its `next_cursor` for the next one."""

    async def relationships(self, user_ids: Sequence[str]) -> list[UserRelationship]:
        """Return the relationships to at most 100 users. Users who cannot be seen are omitted."""
        query = {"user_ids": ",".join(user_ids)}
        return (await self.request(RelationshipList, "GET", "/v1/relationships", query=query)).items

    async def user(self, user_id: str) -> User:
        """Return a user's profile, with the counts and the relationship to the user."""
        return await self.request(User, "GET", resource_path(USERS, user_id))

    async def follow(self, user_id: str) -> None:
        """Follow a user, or ask to follow a private account."""
        await self.request(None, "PUT", resource_path(USERS, user_id, "follow"))

    async def unfollow(self, user_id: str) -> None:
        """Unfollow a user, or withdraw the request to follow them."""
        await self.request(None, "DELETE", resource_path(USERS, user_id, "follow"))

    async def remove_follower(self, user_id: str) -> None:
        await self.request(None, "DELETE", resource_path("/v1/users/me/followers", user_id))

    async def follow_requests(self, cursor: str | None = None, limit: int = 100) -> Page[FollowRequest]:
        """Return a page of the requests to follow this user, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self.request(Page[FollowRequest], "GET", "/v1/follow-requests", query=query)

    async def accept_follow_request(self, user_id: str) -> None:
        await self.request(None, "PUT", resource_path("/v1/follow-requests", user_id))

    async def decline_follow_request(self, user_id: str) -> None:
        await self.request(None, "DELETE", resource_path("/v1/follow-requests", user_id))

    async def suggestions(self) -> list[Suggestion]:
        """Return users that this user may want to follow, the closest first."""
        return (await self.request(Page[Suggestion], "GET", "/v1/suggestions")).items

    async def dismiss_suggestion(self, user_id: str) -> None:
        await self.request(None, "DELETE", resource_path("/v1/suggestions", user_id))

    async def blocked_users(self, cursor: str | None = None, limit: int = 100) -> Page[UserCard]:
        """Return a page of the users that this user blocks, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self.request(Page[UserCard], "GET", "/v1/users/me/blocks", query=query)

    async def block(self, user_id: str) -> None:
        """Block a user: follows end, and neither sees the other, except in groups that both are in."""
        await self.request(None, "PUT", resource_path(USERS, user_id, "block"))

    async def unblock(self, user_id: str) -> None:
        await self.request(None, "DELETE", resource_path(USERS, user_id, "block"))

    async def muted_users(self, cursor: str | None = None, limit: int = 100) -> Page[Mute]:
        """Return a page of the users that this user mutes, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self.request(Page[Mute], "GET", "/v1/users/me/mutes", query=query)

    async def mute(
        self,
        user_id: str,
        *,
        posts: bool = True,
        notifications: bool = True,
        expires_at: datetime | None = None,
    ) -> None:
        """Hide a user's posts from feeds, their notifications, or both; replaces an earlier mute."""
        body = {"posts": posts, "notifications": notifications, "expires_at": expires_at}
        await self.request(None, "PUT", resource_path(USERS, user_id, "mute"), body=body)

    async def unmute(self, user_id: str) -> None:
        await self.request(None, "DELETE", resource_path(USERS, user_id, "mute"))
