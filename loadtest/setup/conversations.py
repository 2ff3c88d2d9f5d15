"""Creates the conversations of a scenario: pairs, rooms and groups.

A direct conversation that two users already have is reused.
"""

import msgspec

from actors.protocol.objects import ConversationType
from client.http_requests import NewConversation
from client.retrying_http import HttpRequest
from loadtest.setup.setup_client import SetupClient
from loadtest.setup.setup_state import SetupState


class CreatedConversation(msgspec.Struct, frozen=True):
    id: str
    last_seq: int


async def create_conversations(client: SetupClient, state: SetupState, size: int, label: str) -> None:
    """Put the users into conversations of `size`, in order. A single remaining user is in none."""
    users = state.users
    groups = [range(start, min(start + size, len(users))) for start in range(0, len(users), size)]

    async def create_conversation(number: int, members: range) -> None:
        participants = [users[index] for index in members]
        conversation_type = ConversationType.DIRECT if size == 2 else ConversationType.GROUP
        name = None if size == 2 else f"Load {label} {number + 1}"
        body = NewConversation(conversation_type, [user.id for user in participants[1:]], name)
        request = HttpRequest("POST", "/v1/conversations", participants[0].token, body)
        created = await client.request(CreatedConversation, request, number)
        state.add_members(members, created.id, created.last_seq)
        if conversation_type is ConversationType.GROUP or created.last_seq == 0:
            state.new_conversations.append(created.id)

    await client.for_each(label, [group for group in groups if len(group) > 1], create_conversation)
