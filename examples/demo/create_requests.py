"""Lets users that the login users do not know add them to groups, which makes conversation requests."""

from collections.abc import Collection, Sequence
from typing import Final

import msgspec

from actors.protocol.objects import Audience, ConversationType, NewConversationResult, Privacy
from client.http_requests import NewConversation
from client.retrying_http import HttpRequest, RetryingHttpClient
from examples.demo.idempotency_keys import IdempotencyKeys
from examples.demo.plan_conversations import ConversationPlan
from examples.demo.plan_follows import Follow
from examples.demo.plan_users import UserPlan
from examples.demo.register_users import DemoUser

GROUP_NAME: Final = "Weekend plans"


class PrivacyUpdate(msgspec.Struct, frozen=True):
    groups: Audience


class RequestPlan(msgspec.Struct, frozen=True):
    """The login user `recipient` is asked by `actor`."""

    recipient: int
    actor: int


def plan_requests(
    users: Sequence[UserPlan], follows: Collection[Follow], conversations: Sequence[ConversationPlan]
) -> list[RequestPlan]:
    """Plan one request for each login user who neither follows the other nor talks with them."""
    plans = []
    for recipient in (user.index for user in users if user.is_login_user):
        known = {follow.followed for follow in follows if follow.follower == recipient} | {recipient}
        known.update(*(plan.members for plan in conversations if recipient in plan.members))
        actor = next((user.index for user in users if user.index not in known), None)
        if actor is not None:
            plans.append(RequestPlan(recipient, actor))
    return plans


class RequestCreator:
    """`users` are indexed like the plan's users."""

    def __init__(self, http: RetryingHttpClient, keys: IdempotencyKeys, users: Sequence[DemoUser]) -> None:
        self._http = http
        self._keys = keys
        self._users = users

    async def ensure_request(self, plan: RequestPlan) -> bool:
        """Ask the recipient to join a group. Returns False if a block prevents it, or if no user is asked."""
        recipient, actor = self._users[plan.recipient], self._users[plan.actor]
        update = PrivacyUpdate(Audience.KNOWN)
        await self._http.request(
            Privacy, HttpRequest("PATCH", "/v1/users/me/privacy", recipient.token, update)
        )
        key = self._keys.make_key("request", actor.id, recipient.id)
        body = NewConversation(ConversationType.GROUP, [recipient.id], GROUP_NAME)
        request = HttpRequest("POST", "/v1/conversations", actor.token, body, key)
        created = await self._http.request_if_allowed(NewConversationResult, request)
        return created is not None and bool(created.requested)
