"""The store of requests to join a conversation, in the Social service. All methods raise `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from storage.contracts.paging import PageKey


class NewRequests(msgspec.Struct, frozen=True):
    """Requests of one actor for one conversation.

    With `event_id` they are invites to that event, which has the conversation and was created by `owner_id`.
    Those of `recipient_ids` that are also in `unseen_ids` do not see theirs.
    """

    actor_id: str
    conversation_id: str
    recipient_ids: tuple[str, ...]
    unseen_ids: tuple[str, ...]
    name: str | None
    event_id: str | None = None
    owner_id: str | None = None


class RequestRecord(msgspec.Struct, frozen=True):
    recipient_id: str
    conversation_id: str
    actor_id: str
    event_id: str | None
    name: str | None
    created_at: datetime


class ConversationRequestStore(Protocol):
    """Requests to users. Their recipients see them while they are open.

    `page` and `get` leave out those with a block between the recipient and the actor or owner. Requests
    expire after `CONVERSATION_REQUEST_LIFETIME_S`. A recipient has at most `CONVERSATION_REQUESTS_OPEN` open
    ones; further ones are stored unseen.
    """

    async def add(self, requests: NewRequests) -> list[RequestRecord]:
        """Create requests and return those that their recipients see. One round trip.

        None is created for a recipient with a block between them and the actor or owner, nor for one who has
        a request for this conversation that has not expired, even if it was declined.

        Raises:
            Conflict: `conversation_requests_actor_max`: the actor would have more than
                `CONVERSATION_REQUESTS_SENT` that have not expired. None was created.
        """

    async def page(self, recipient_id: str, before: PageKey | None, limit: int) -> list[RequestRecord]:
        """Return a user's open requests, the latest first, before the key (created_at, conversation id)."""

    async def get(self, recipient_id: str, conversation_id: str) -> RequestRecord | None:
        """Return an open request."""

    async def decline(self, recipient_id: str, conversation_id: str) -> bool:
        """Decline an open request. Returns False if there is none."""

    async def remove(self, recipient_ids: Sequence[str], conversation_id: str) -> list[str]:
        """Delete users' requests for a conversation in any state; return the users whose one was open."""

    async def remove_between(self, user_id: str, other_id: str) -> list[tuple[str, str]]:
        """Delete the requests that a block between two users hides.

        One of the two is the recipient, the other the actor or owner. Returns (recipient, conversation) of
        those that were open.
        """
