"""Workload of a realistic mix: chat, read receipts, typing, reconnects, timelines, likes, posts and RSVPs.

Each operation is chosen by `ACTION_WEIGHTS` and done by a random user, over the websocket or HTTP. Reactions
and edits are those of the author of a recent message.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import msgspec

from actors.protocol.commands import (
    AddReaction,
    EditMessage,
    ReadConversation,
    SetPresence,
    Typing,
    WatchPresence,
)
from actors.protocol.event_objects import RsvpStatus
from client.http_requests import NewPost, NewRepost, NewRsvp
from loadtest.scenarios.feed import read_feed
from loadtest.scenarios.random_text import RandomText
from loadtest.scenarios.workload import ScenarioContext
from loadtest.virtual_users.connection_lifecycle import ConnectionState
from loadtest.virtual_users.pending_requests import PendingRequest
from loadtest.virtual_users.virtual_user import VirtualUser

ACTION_WEIGHTS: Final = {
    "chat": 34.0,
    "read": 20.0,
    "type": 14.0,
    "feed": 10.0,
    "like": 6.0,
    "history": 4.0,
    "react": 3.0,
    "watch": 2.0,
    "presence": 2.0,
    "rsvp": 1.5,
    "reconnect": 1.5,
    "edit": 1.0,
    "post": 1.0,
    "public": 1.0,
    "repost": 0.5,
}
RECONNECT_DELAY_MAX_S: Final = 2.0
CONNECTED_USER_ATTEMPTS: Final = 5
WATCHED_USERS: Final = 10
POST_CHARACTERS: Final = 120
EMOJI: Final = ("👍", "❤️", "😂", "🎉", "😮", "🙏")
GUESTS: Final = (0, 0, 0, 1, 2)
RSVP_STATUSES: Final = (
    RsvpStatus.GOING,
    RsvpStatus.GOING,
    RsvpStatus.INTERESTED,
    RsvpStatus.MAYBE,
    RsvpStatus.NOT_GOING,
)
Action = Callable[[VirtualUser, int], None]
_encoder = msgspec.json.Encoder()


class IgnoredResponse(msgspec.Struct, frozen=True):
    """A response whose content is not used."""


class MixedWorkload:
    def __init__(self, context: ScenarioContext) -> None:
        self._context = context
        self._rng = context.rng
        self._users = context.user_pool.users
        self._users_by_number = {user.number: user for user in self._users}
        self._texts = RandomText(context.plan.message_characters, context.rng)
        self._actions: list[Action] = [
            self._send_message,
            self._mark_read,
            self._send_typing,
            self._read_feed,
            self._toggle_like,
            self._read_history,
            self._add_reaction,
            self._watch_presence,
            self._set_presence,
            self._set_rsvp,
            self._reconnect,
            self._edit_message,
            self._create_post,
            self._read_public_timeline,
            self._toggle_repost,
        ]
        self._weights = list(ACTION_WEIGHTS.values())

    def perform(self, intended_us: int) -> None:
        action = self._rng.choices(self._actions, self._weights)[0]
        action(self._choose_user(), intended_us)

    async def run_background(self, begin_us: int, end_us: int) -> None:
        """Do nothing."""

    # --- over the websocket

    def _send_message(self, user: VirtualUser, intended_us: int) -> None:
        if user.conversation_ids:
            user.send(self._choose_conversation(user), self._texts.sentence(), intended_us)

    def _mark_read(self, user: VirtualUser, intended_us: int) -> None:
        if user.conversation_ids:
            conversation_id = self._choose_conversation(user)
            seq = user.checker.positions[conversation_id]
            request_id = user.next_request_id()
            command = ReadConversation(request_id, conversation_id, seq)
            self._send_request(user, "read", request_id, command, intended_us, conversation_id, resend=True)

    def _send_typing(self, user: VirtualUser, intended_us: int) -> None:
        if user.conversation_ids:
            conversation_id = self._choose_conversation(user)
            request_id = user.next_request_id()
            command = Typing(request_id, conversation_id, self._rng.random() < 0.7)
            self._send_request(user, "typing", request_id, command, intended_us)

    def _set_presence(self, user: VirtualUser, intended_us: int) -> None:
        request_id = user.next_request_id()
        command = SetPresence(request_id, "away" if self._rng.random() < 0.5 else "online")
        self._send_request(user, "presence", request_id, command, intended_us)

    def _watch_presence(self, user: VirtualUser, intended_us: int) -> None:
        request_id = user.next_request_id()
        watched = [self._rng.choice(self._users).user_id for _ in range(WATCHED_USERS)]
        self._send_request(user, "watch", request_id, WatchPresence(request_id, watched), intended_us)

    def _add_reaction(self, _user: VirtualUser, intended_us: int) -> None:
        chosen = self._choose_recent_message()
        if chosen is not None:
            author, conversation_id, message_id = chosen
            request_id = author.next_request_id()
            command = AddReaction(request_id, conversation_id, message_id, self._rng.choice(EMOJI))
            self._send_request(author, "react", request_id, command, intended_us, conversation_id)

    def _edit_message(self, _user: VirtualUser, intended_us: int) -> None:
        chosen = self._choose_recent_message()
        if chosen is not None:
            author, conversation_id, message_id = chosen
            request_id = author.next_request_id()
            command = EditMessage(request_id, conversation_id, message_id, self._texts.sentence())
            self._send_request(author, "edit", request_id, command, intended_us, conversation_id)

    def _reconnect(self, user: VirtualUser, _intended_us: int) -> None:
        user.connection.disconnect(RECONNECT_DELAY_MAX_S * self._rng.random())

    # --- over HTTP

    def _read_feed(self, user: VirtualUser, intended_us: int) -> None:
        pages = 2 if self._rng.random() < 0.3 else 1
        self._context.http_calls.start(
            read_feed(self._context.http_calls, user.url_index, user.token, intended_us, pages)
        )

    def _read_history(self, user: VirtualUser, intended_us: int) -> None:
        if user.conversation_ids:
            conversation_id = self._choose_conversation(user)
            before = user.checker.positions[conversation_id] + 1
            path = f"/v1/conversations/{quote(conversation_id)}/messages?before={before}&limit=30"
            self._start_call("history", "GET", user, path, intended_us)

    def _toggle_like(self, user: VirtualUser, intended_us: int) -> None:
        if self._context.plan.seeded_ids.posts:
            method = "PUT" if self._rng.random() < 0.8 else "DELETE"
            path = f"/v1/posts/{quote(self._rng.choice(self._context.plan.seeded_ids.posts))}/like"
            self._start_call("like", method, user, path, intended_us)

    def _create_post(self, user: VirtualUser, intended_us: int) -> None:
        body = NewPost(self._texts.sentence()[:POST_CHARACTERS])
        self._start_call("post", "POST", user, "/v1/posts", intended_us, body)

    def _read_public_timeline(self, user: VirtualUser, intended_us: int) -> None:
        self._start_call("public", "GET", user, "/v1/timeline/public", intended_us)

    def _toggle_repost(self, user: VirtualUser, intended_us: int) -> None:
        if self._context.plan.seeded_ids.posts:
            path = f"/v1/posts/{quote(self._rng.choice(self._context.plan.seeded_ids.posts))}/repost"
            if self._rng.random() < 0.5:
                self._start_call("repost", "POST", user, path, intended_us, NewRepost())
            else:
                self._start_call("repost", "DELETE", user, path, intended_us)

    def _set_rsvp(self, user: VirtualUser, intended_us: int) -> None:
        if self._context.plan.seeded_ids.events:
            path = f"/v1/events/{quote(self._rng.choice(self._context.plan.seeded_ids.events))}/rsvp"
            status = self._rng.choice(RSVP_STATUSES)
            guests = self._rng.choice(GUESTS) if status is RsvpStatus.GOING else None
            body = NewRsvp(status, waitlist=self._rng.random() < 0.5, guests=guests)
            self._start_call("rsvp", "PUT", user, path, intended_us, body)

    def _start_call(
        self,
        operation: str,
        method: str,
        user: VirtualUser,
        path: str,
        intended_us: int,
        body: msgspec.Struct | None = None,
    ) -> None:
        calls = self._context.http_calls
        key = (
            f"{self._context.plan.run_id}-{user.number}-{user.next_request_id()}" if method == "POST" else ""
        )
        calls.start(
            calls.request(
                operation,
                method,
                user.url_index,
                path,
                user.token,
                IgnoredResponse,
                body=body,
                intended_us=intended_us,
                idempotency_key=key,
            )
        )

    # --- random choices

    def _choose_user(self) -> VirtualUser:
        """Return a random user, who is connected if one of some attempts finds such a user."""
        user = self._rng.choice(self._users)
        for _ in range(CONNECTED_USER_ATTEMPTS):
            if user.state is ConnectionState.READY:
                break
            user = self._rng.choice(self._users)
        return user

    def _choose_conversation(self, user: VirtualUser) -> str:
        return self._rng.choice(user.conversation_ids)

    def _choose_recent_message(self) -> tuple[VirtualUser, str, str] | None:
        """Return a recently acknowledged message with its sender."""
        recent = self._context.worker.observer.recent
        if not recent:
            return None
        message = self._rng.choice(recent)
        author = self._users_by_number.get(message.client)
        if author is None or message.conversation_id not in author.conversation_ids:
            return None
        return author, message.conversation_id, message.message_id

    def _send_request(
        self,
        user: VirtualUser,
        operation: str,
        request_id: int,
        command: msgspec.Struct,
        intended_us: int,
        conversation_id: str = "",
        *,
        resend: bool = False,
    ) -> None:
        payload = _encoder.encode(command)
        user.send_request(
            PendingRequest(
                request_id, operation, payload, intended_us, resend=resend, conversation_id=conversation_id
            )
        )
