"""Somebody who takes part: an account, and what the HTTP part of the contract does for it."""

import uuid
from collections.abc import Sequence

from actors.protocol.objects import Conversation, ConversationType, Message
from client.http import Http
from tests.journeys.instance import Instance

PASSWORD = "correct horse battery"


class Person:
    """Made by `register`. A person has one token and may be at any instance."""

    def __init__(self, user_id: str, username: str, token: str) -> None:
        self.id = user_id
        self.username = username
        self.token = token

    @classmethod
    async def register(cls, name: str, at: Instance) -> "Person":
        username = f"{name}.{uuid.uuid4().hex[:10]}"
        async with Http(at.url) as http:
            signed_in = await http.register(f"{username}@example.com", username, PASSWORD, name.title())
        return cls(signed_in.user.id, username, signed_in.token)

    def http(self, at: Instance) -> Http:
        """To be closed by its user."""
        return Http(at.url, self.token, timeout_s=20.0)

    async def group(self, at: Instance, others: Sequence["Person"]) -> str:
        """Make a group; answers its id."""
        async with self.http(at) as http:
            made = await http.create_conversation(
                ConversationType.GROUP, [one.id for one in others], "Journey"
            )
        return made.id

    async def conversation(self, at: Instance, conversation_id: str) -> Conversation:
        async with self.http(at) as http:
            return await http.conversation(conversation_id)

    async def log(self, at: Instance, conversation_id: str) -> list[Message]:
        """The whole history, oldest first."""
        messages: list[Message] = []
        async with self.http(at) as http:
            while page := await http.history(
                conversation_id, after=messages[-1].seq if messages else 0, limit=100
            ):
                messages += page
        return messages
