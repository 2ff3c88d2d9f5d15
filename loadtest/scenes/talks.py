"""Conversations made: of two, of a room, of neighbours.

A direct conversation between two who had one already is the same again, and goes on from where it stood.
"""

import msgspec

from actors.protocol.objects import ConversationType
from client.demo.requests import Request
from loadtest.scenes.making import Making
from loadtest.scenes.stage import Stage


class NewConversation(msgspec.Struct, frozen=True, omit_defaults=True):
    type: ConversationType
    participants: list[str]
    name: str | None = None


class ConversationMade(msgspec.Struct, frozen=True):
    id: str
    last_seq: int


async def make_talks(making: Making, stage: Stage, size: int, what: str) -> None:
    """Put everybody into conversations of `size`, in order; whoever is left alone is in none."""
    people = stage.people
    groups = [range(at, min(at + size, len(people))) for at in range(0, len(people), size)]

    async def one(number: int, members: range) -> None:
        some = [people[place] for place in members]
        kind = ConversationType.DIRECT if size == 2 else ConversationType.GROUP
        name = None if size == 2 else f"Load {what} {number + 1}"
        body = NewConversation(kind, [person.id for person in some[1:]], name)
        request = Request("POST", "/v1/conversations", some[0].token, body)
        made = await making.make(ConversationMade, request, number)
        stage.gathered(members, made.id, made.last_seq)
        if kind is ConversationType.GROUP or made.last_seq == 0:
            stage.fresh.append(made.id)

    await making.each(what, [group for group in groups if len(group) > 1], one)
