"""Conversations made: of two, of a room, of neighbours.

A direct conversation between two who had one already is the same again, and goes on from where it stood.
"""

import msgspec

from actors.protocol.objects import ConversationType
from client.retrying_http import HttpRequest
from loadtest.setup.setup_client import SetupClient
from loadtest.setup.setup_state import SetupState


class NewConversation(msgspec.Struct, frozen=True, omit_defaults=True):
    type: ConversationType
    participants: list[str]
    name: str | None = None


class CreatedConversation(msgspec.Struct, frozen=True):
    id: str
    last_seq: int


async def create_conversations(client: SetupClient, state: SetupState, size: int, label: str) -> None:
    """Put everybody into conversations of `size`, in order; whoever is left alone is in none."""
    people = state.users
    groups = [range(at, min(at + size, len(people))) for at in range(0, len(people), size)]

    async def create_conversation(number: int, members: range) -> None:
        some = [people[place] for place in members]
        kind = ConversationType.DIRECT if size == 2 else ConversationType.GROUP
        name = None if size == 2 else f"Load {label} {number + 1}"
        body = NewConversation(kind, [person.id for person in some[1:]], name)
        request = HttpRequest("POST", "/v1/conversations", some[0].token, body)
        made = await client.request(CreatedConversation, request, number)
        state.add_members(members, made.id, made.last_seq)
        if kind is ConversationType.GROUP or made.last_seq == 0:
            state.new_conversations.append(made.id)

    await client.for_each(label, [group for group in groups if len(group) > 1], create_conversation)
