"""Group conversations that refuse changes, or change what they are about at the same time."""

from actors.protocol.errors import ApiError
from actors.protocol.objects import UserCard
from tests.actors.events.conftest import EventConversationsSetup


class OverloadedGroups:
    """Conversations that are overloaded at first."""

    def __init__(self, setup: EventConversationsSetup) -> None:
        self.attempts = 0
        self.ensure_group = setup.core.conversations.ensure_group
        self.remove_by_rule = setup.core.conversations.remove_by_rule
        self.rename_by_rule = setup.core.conversations.rename_by_rule
        self.announce_by_rule = setup.core.conversations.announce_by_rule
        self.change_members_by_rule = setup.core.conversations.change_members_by_rule
        self.list_members = setup.core.conversations.list_members
        self._add_by_rule = setup.core.conversations.add_by_rule

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, requested_at_ms: int, invited_at_ms: int
    ) -> None:
        self.attempts += 1
        if self.attempts < 4:
            raise ApiError("server.overloaded", "Busy.", retry_after_ms=10)
        await self._add_by_rule(conversation_id, user, requested_at_ms, invited_at_ms)


class RsvpChangingGroups:
    """Conversations that change the user's RSVP while the user is being added."""

    def __init__(self, setup: EventConversationsSetup, event_id: str) -> None:
        self._setup = setup
        self._event_id = event_id
        self._groups = setup.core.conversations
        self.rename_by_rule = setup.core.conversations.rename_by_rule
        self.announce_by_rule = setup.core.conversations.announce_by_rule
        self.change_members_by_rule = setup.core.conversations.change_members_by_rule
        self.list_members = setup.core.conversations.list_members

    async def ensure_group(self, conversation_id: str, creator: UserCard, name: str) -> None:
        await self._groups.ensure_group(conversation_id, creator, name)

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, requested_at_ms: int, invited_at_ms: int
    ) -> None:
        await self._setup.set_rsvp(self._event_id, user.id, "NOT_GOING")
        await self._groups.remove_by_rule(conversation_id, user)
        await self._groups.add_by_rule(conversation_id, user, requested_at_ms, invited_at_ms)

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        await self._groups.remove_by_rule(conversation_id, user)


class EndlesslyChangingGroups(RsvpChangingGroups):
    """Conversations whose user gives the other answer whenever the last one is applied."""

    changes = 0

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, requested_at_ms: int, invited_at_ms: int
    ) -> None:
        self.changes += 1
        await self._setup.set_rsvp(self._event_id, user.id, "NOT_GOING")

    async def remove_by_rule(self, conversation_id: str, user: UserCard) -> None:
        self.changes += 1
        await self._setup.set_rsvp(self._event_id, user.id, "GOING")


class EventDeletingGroups(RsvpChangingGroups):
    """Conversations during which the event is deleted while the user is being added."""

    async def add_by_rule(
        self, conversation_id: str, user: UserCard, requested_at_ms: int, invited_at_ms: int
    ) -> None:
        await self._groups.add_by_rule(conversation_id, user, requested_at_ms, invited_at_ms)
        creator_id = await self._setup.events.get_creator_id(self._event_id)
        assert creator_id is not None
        await self._setup.events.delete(self._event_id, creator_id)
