"""A registered user with a token, and shortcuts for HTTP requests."""

import uuid
from collections.abc import Sequence

from actors.protocol.objects import Conversation, ConversationType, Message
from client.http_client import HttpClient
from tests.end_to_end.server_process import ServerProcess

PASSWORD = "correct horse battery"


class RegisteredUser:
    """Created by `register`. The token is valid on every instance."""

    def __init__(self, user_id: str, username: str, token: str) -> None:
        self.id = user_id
        self.username = username
        self.token = token

    @classmethod
    async def register(cls, name: str, instance: ServerProcess) -> "RegisteredUser":
        username = f"{name}.{uuid.uuid4().hex[:10]}"
        async with HttpClient(instance.url) as http:
            signed_in = await http.register(f"{username}@example.com", username, PASSWORD, name.title())
        return cls(signed_in.user.id, username, signed_in.token)

    def http(self, instance: ServerProcess) -> HttpClient:
        """Return a client that the caller must close."""
        return HttpClient(instance.url, self.token, timeout_s=20.0)

    async def create_group(self, instance: ServerProcess, other_users: Sequence["RegisteredUser"]) -> str:
        """Create a group conversation and return its id."""
        async with self.http(instance) as http:
            conversation = await http.create_conversation(
                ConversationType.GROUP, [user.id for user in other_users], "Test group"
            )
        return conversation.id

    async def conversation(self, instance: ServerProcess, conversation_id: str) -> Conversation:
        async with self.http(instance) as http:
            return await http.conversation(conversation_id)

    async def read_history(self, instance: ServerProcess, conversation_id: str) -> list[Message]:
        """Return the complete history, oldest first."""
        messages: list[Message] = []
        async with self.http(instance) as http:
            while page := await http.history(
                conversation_id, after=messages[-1].seq if messages else 0, limit=100
            ):
                messages += page
        return messages
