"""Typed client for the HTTP API: one method per endpoint, one server.

A rejected request raises `RequestRejected`; no response raises `RequestTimeout`. Requests are not retried.
Redirects are not followed, so that the token is not sent to another host.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from actors.protocol.objects import (
    Audience,
    Conversation,
    ConversationRequest,
    ConversationType,
    DataExport,
    MemberRequested,
    Message,
    NewConversationResult,
    OwnUser,
    Privacy,
    ReadState,
    User,
    UserCard,
    UserRelationship,
)
from actors.protocol.social_objects import (
    FollowRequest,
    Mute,
    NotificationChannel,
    NotificationPreferences,
    NotificationType,
    QuietHours,
    Suggestion,
)
from client.errors import RequestTimeout
from client.event_requests import EventRequests
from client.http_responses import (
    Changes,
    History,
    LoginResponse,
    Page,
    RelationshipList,
    SessionView,
    SuggestionList,
    decode_rejection,
)
from client.post_requests import PostRequests

Response = TypeVar("Response")
Query = Mapping[str, str | int | None]
NO_CONTENT: Final = 204
DOWNLOAD_BYTES: Final = 64 * 1024


class HttpClient:
    """`register` and `login` set `token`. Without a `session`, the client creates and closes its own.

    `posts` has the requests about posts, `events` those about events.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        session: aiohttp.ClientSession | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self._url = url.rstrip("/")
        self.token = token
        self._owns_session = session is None
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self.posts = PostRequests(self._request)
        self.events = EventRequests(self._request)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._owns_session and self._session is not None:
            await self._session.close()

    # --- users and sessions

    async def register(
        self, email: str, username: str, password: str, display_name: str | None = None
    ) -> LoginResponse:
        """Register a user, and use the new token for later requests."""
        body = {"email": email, "username": username, "password": password, "display_name": display_name}
        response = await self._request(LoginResponse, "POST", "/v1/users", body=body)
        self.token = response.token
        return response

    async def login(self, login: str, password: str) -> LoginResponse:
        """Log in with an e-mail address or username, and use the new token for later requests."""
        body = {"login": login, "password": password}
        response = await self._request(LoginResponse, "POST", "/v1/sessions", body=body)
        self.token = response.token
        return response

    async def me(self) -> OwnUser:
        return await self._request(OwnUser, "GET", "/v1/users/me")

    async def change_email(self, email: str, current_password: str) -> OwnUser:
        """Change the e-mail address. The old one gets a link that undoes the change for 24 hours."""
        body = {"email": email, "current_password": current_password}
        return await self._request(OwnUser, "PATCH", "/v1/users/me", body=body)

    async def delete_account(self, current_password: str) -> None:
        """Delete the account. Cannot be undone."""
        body = {"current_password": current_password}
        await self._request(None, "DELETE", "/v1/users/me", body=body)

    async def privacy(self) -> Privacy:
        return await self._request(Privacy, "GET", "/v1/users/me/privacy")

    async def update_privacy(
        self, *, groups: Audience | None = None, invites: Audience | None = None
    ) -> Privacy:
        """Change who may add and invite the user without asking; None leaves a setting unchanged."""
        fields = {"groups": groups, "invites": invites}
        body = {field: value.value for field, value in fields.items() if value is not None}
        return await self._request(Privacy, "PATCH", "/v1/users/me/privacy", body=body)

    async def notification_preferences(self) -> NotificationPreferences:
        return await self._request(NotificationPreferences, "GET", "/v1/users/me/notification-preferences")

    async def replace_notification_preferences(
        self,
        channels: Mapping[NotificationType, NotificationChannel],
        quiet_hours: QuietHours | None = None,
    ) -> NotificationPreferences:
        """Set how the user is notified; types that are absent get their default channel."""
        body = {"channels": dict(channels), "quiet_hours": msgspec.to_builtins(quiet_hours)}
        return await self._request(
            NotificationPreferences, "PUT", "/v1/users/me/notification-preferences", body=body
        )

    async def export(self, *, start: bool = True) -> DataExport:
        """Return this user's data export; request one if there is none, unless `start` is false."""
        query = {"start": "true" if start else "false"}
        return await self._request(DataExport, "GET", "/v1/users/me/export", query=query)

    async def request_export(self) -> DataExport:
        """Request a new data export, at most one in 24 hours."""
        return await self._request(DataExport, "POST", "/v1/users/me/export")

    async def download_export(self, export: DataExport) -> AsyncGenerator[bytes]:
        """Yield the ZIP archive of an export that is ready, bit by bit. Has no time limit in total."""
        if export.url is None:
            raise ValueError("The export is not ready.")
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=None, sock_read=self._timeout.total)
        try:
            async with self._session.get(
                self._url + export.url, timeout=timeout, allow_redirects=False
            ) as response:
                if response.status >= 300:
                    raise decode_rejection(response.status, await response.read())
                async for part in response.content.iter_chunked(DOWNLOAD_BYTES):
                    yield part
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RequestTimeout(f"GET: {type(error).__name__}") from error

    async def relationships(self, user_ids: Sequence[str]) -> list[UserRelationship]:
        """Return what relates this user to others, at most 100. Users who cannot be seen are omitted."""
        query = {"user_ids": ",".join(user_ids)}
        return (await self._request(RelationshipList, "GET", "/v1/relationships", query=query)).items

    async def user(self, user_id: str) -> User:
        """Return a user's profile, with the counts and what relates this user to them."""
        return await self._request(User, "GET", f"/v1/users/{quote(user_id, safe='')}")

    async def set_private(self, *, private: bool) -> OwnUser:
        """Make the account private, or public, which accepts all requests to follow it."""
        return await self._request(OwnUser, "PATCH", "/v1/users/me", body={"private": private})

    async def follow(self, user_id: str) -> None:
        """Follow a user, or ask to follow a private account."""
        await self._request(None, "PUT", _user_path(user_id, "follow"))

    async def unfollow(self, user_id: str) -> None:
        """Unfollow a user, or withdraw the request to follow them."""
        await self._request(None, "DELETE", _user_path(user_id, "follow"))

    async def remove_follower(self, user_id: str) -> None:
        await self._request(None, "DELETE", f"/v1/users/me/followers/{quote(user_id, safe='')}")

    async def follow_requests(self, cursor: str | None = None, limit: int = 100) -> Page[FollowRequest]:
        """Return a page of the requests to follow this user, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._request(Page[FollowRequest], "GET", "/v1/follow-requests", query=query)

    async def accept_follow_request(self, user_id: str) -> None:
        await self._request(None, "PUT", f"/v1/follow-requests/{quote(user_id, safe='')}")

    async def decline_follow_request(self, user_id: str) -> None:
        await self._request(None, "DELETE", f"/v1/follow-requests/{quote(user_id, safe='')}")

    async def suggestions(self) -> list[Suggestion]:
        """Return users that this user may want to follow, the closest first."""
        return (await self._request(SuggestionList, "GET", "/v1/suggestions")).items

    async def dismiss_suggestion(self, user_id: str) -> None:
        await self._request(None, "DELETE", f"/v1/suggestions/{quote(user_id, safe='')}")

    async def blocked_users(self, cursor: str | None = None, limit: int = 100) -> Page[UserCard]:
        """Return a page of the users that this user blocks, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._request(Page[UserCard], "GET", "/v1/users/me/blocks", query=query)

    async def block(self, user_id: str) -> None:
        """Block a user: follows end, and neither sees the other's content."""
        await self._request(None, "PUT", _user_path(user_id, "block"))

    async def unblock(self, user_id: str) -> None:
        await self._request(None, "DELETE", _user_path(user_id, "block"))

    async def muted_users(self, cursor: str | None = None, limit: int = 100) -> Page[Mute]:
        """Return a page of the users that this user mutes, the latest first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._request(Page[Mute], "GET", "/v1/users/me/mutes", query=query)

    async def mute(
        self,
        user_id: str,
        *,
        posts: bool = True,
        notifications: bool = True,
        expires_at: datetime | None = None,
    ) -> None:
        """Hide a user's posts from the home feed, their notifications, or both; replaces an earlier mute."""
        body = {"posts": posts, "notifications": notifications, "expires_at": expires_at}
        await self._request(None, "PUT", _user_path(user_id, "mute"), body=body)

    async def unmute(self, user_id: str) -> None:
        await self._request(None, "DELETE", _user_path(user_id, "mute"))

    async def sessions(self) -> Page[SessionView]:
        return await self._request(Page[SessionView], "GET", "/v1/sessions")

    async def revoke_session(self, session_id: str = "current") -> None:
        await self._request(None, "DELETE", f"/v1/sessions/{quote(session_id)}")

    # --- conversations

    async def create_conversation(
        self,
        conversation_type: ConversationType,
        participants: Sequence[str],
        name: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> NewConversationResult:
        """Create a conversation. The users in `requested` were asked, and join by accepting."""
        body = {"type": conversation_type.value, "participants": list(participants), "name": name}
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return await self._request(
            NewConversationResult, "POST", "/v1/conversations", body=body, headers=headers
        )

    async def conversations(self, cursor: str | None = None, limit: int = 100) -> Page[Conversation]:
        """Return a page of the user's conversations, most recently active first."""
        query = {"cursor": cursor, "limit": limit}
        return await self._request(Page[Conversation], "GET", "/v1/conversations", query=query)

    async def conversation(self, conversation_id: str) -> Conversation:
        return await self._request(Conversation, "GET", _conversation_path(conversation_id))

    async def update_conversation(
        self,
        conversation_id: str,
        *,
        name: str | None = None,
        admins: Sequence[str] | None = None,
        muted: bool | None = None,
    ) -> Conversation:
        """Change the given fields; None leaves a field unchanged."""
        fields = {"name": name, "admins": None if admins is None else list(admins), "muted": muted}
        body = {field: value for field, value in fields.items() if value is not None}
        return await self._request(Conversation, "PATCH", _conversation_path(conversation_id), body=body)

    async def participants(
        self, conversation_id: str, cursor: str | None = None, limit: int = 100, *, search: str | None = None
    ) -> Page[UserCard]:
        """Return a page of members; with `search` those with a word of a name that starts with it."""
        path = _conversation_path(conversation_id, "participants")
        query = {"q": search, "cursor": cursor, "limit": limit}
        return await self._request(Page[UserCard], "GET", path, query=query)

    async def add_participant(self, conversation_id: str, user_id: str) -> bool:
        """Add a member. Returns False if the user was asked instead, and joins by accepting."""
        path = _conversation_path(conversation_id, "participants", user_id)
        requested: MemberRequested | None = await self._request(MemberRequested, "PUT", path)
        return requested is None

    async def remove_participant(self, conversation_id: str, user_id: str) -> None:
        """Remove a member, or leave the conversation."""
        await self._request(None, "DELETE", _conversation_path(conversation_id, "participants", user_id))

    async def conversation_requests(
        self, cursor: str | None = None, limit: int = 100
    ) -> Page[ConversationRequest]:
        """Return a page of the requests to join a conversation that the user has not answered."""
        query = {"cursor": cursor, "limit": limit}
        path = _conversation_path("requests")
        return await self._request(Page[ConversationRequest], "GET", path, query=query)

    async def accept_conversation_request(self, conversation_id: str) -> None:
        await self._request(None, "PUT", _conversation_path("requests", conversation_id))

    async def decline_conversation_request(self, conversation_id: str) -> None:
        await self._request(None, "DELETE", _conversation_path("requests", conversation_id))

    # --- messages

    async def history(
        self, conversation_id: str, *, before: int | None = None, after: int | None = None, limit: int = 100
    ) -> list[Message]:
        query = {"before": before, "after": after, "limit": limit}
        return (
            await self._request(History, "GET", _conversation_path(conversation_id, "messages"), query=query)
        ).items

    async def message(self, conversation_id: str, message_id: str) -> Message:
        path = _conversation_path(conversation_id, f"messages/{message_id}")
        return await self._request(Message, "GET", path)

    async def send(
        self,
        conversation_id: str,
        content: str,
        *,
        client_id: str,
        mentions: Sequence[str] = (),
        reply_to: str | None = None,
    ) -> Message:
        body = {
            "client_id": client_id,
            "content": content,
            "mentions": list(mentions),
            "reply_to": reply_to,
        }
        return await self._request(
            Message, "POST", _conversation_path(conversation_id, "messages"), body=body
        )

    async def mark_read(self, conversation_id: str, seq: int) -> ReadState:
        return await self._request(
            ReadState, "PUT", _conversation_path(conversation_id, "read"), body={"seq": seq}
        )

    async def changes(self, conversation_id: str, after: int, limit: int = 100) -> Changes:
        query = {"after": after, "limit": limit}
        return await self._request(
            Changes, "GET", _conversation_path(conversation_id, "changes"), query=query
        )

    # --- transport

    async def _request(
        self,
        response_type: type[Response] | None,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        request_headers = dict(headers or {})
        if self.token is not None:
            request_headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            request_headers["Content-Type"] = "application/json"
        try:
            async with self._session.request(
                method,
                self._url + path,
                params={name: str(value) for name, value in (query or {}).items() if value is not None},
                data=None if body is None else msgspec.json.encode(body),
                headers=request_headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise RequestTimeout(f"{method}: {type(error).__name__}") from error
        if response.status >= 300:
            raise decode_rejection(response.status, content)
        decoded: Any = None
        # Endpoints without a response body are typed None by their method.
        if response_type is str:
            decoded = content.decode()
        elif response_type is not None and response.status != NO_CONTENT:
            decoded = msgspec.json.decode(content, type=response_type)
        result: Response = decoded
        return result

    request = _request
    """For the parts of the client that are in other modules."""


def _user_path(user_id: str, segment: str) -> str:
    return f"/v1/users/{quote(user_id, safe='')}/{segment}"


def _conversation_path(conversation_id: str, *segments: str) -> str:
    return "/".join(
        ("/v1/conversations", *(quote(segment, safe="") for segment in (conversation_id, *segments)))
    )
