"""Conversations are opened, messages sent in their order, and read by some."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from actors.protocol.objects import Conversation, ConversationType, Message, ReadState
from client.demo.arriving import Resident
from client.demo.hosting import Hosted
from client.demo.keys import Keys
from client.demo.requests import Request, Requests
from client.demo.script import Line
from client.demo.talks import Talk

FILLED_S: Final = 15.0
FILLED_AGAIN_S: Final = 0.25


class NewConversation(msgspec.Struct, frozen=True):
    type: ConversationType
    participants: list[str]
    name: str | None


class NewMessage(msgspec.Struct, frozen=True):
    client_id: str
    content: str
    mentions: list[str]
    reply_to: str | None


class ReadMark(msgspec.Struct, frozen=True):
    seq: int


class Held(msgspec.Struct, frozen=True):
    """A talk as the server has it, with the messages that are there."""

    name: str | None
    conversation_id: str
    messages: int


class Talking:
    """`residents` stand at the numbers of their people."""

    def __init__(
        self,
        requests: Requests,
        keys: Keys,
        residents: Sequence[Resident],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._requests = requests
        self._keys = keys
        self._residents = residents
        self._sleep = sleep

    async def hold(self, talk: Talk) -> Held | None:
        """Open a conversation, say everything, let readers read it; None where two are apart since."""
        opener, *others = (self._residents[number] for number in talk.members)
        kind = ConversationType.DIRECT if talk.name is None else ConversationType.GROUP
        ids = [one.id for one in others]
        key = self._keys.key("talk", kind.value, talk.name, opener.id, *ids)
        request = Request(
            "POST", "/v1/conversations", opener.token, NewConversation(kind, ids, talk.name), key
        )
        conversation = await self._requests.attempt(Conversation, request)
        if conversation is None:
            return None
        said = await self._say(conversation.id, talk.lines)
        if said:
            for number in talk.readers:
                path = f"/v1/conversations/{conversation.id}/read"
                mark = ReadMark(said[-1].seq)
                await self._requests.attempt(
                    ReadState, Request("PUT", path, self._residents[number].token, mark)
                )
        return Held(talk.name, conversation.id, len(said))

    async def gather(self, hosted: Hosted) -> int:
        """Talk in an event's own conversation once those who go are in it; answers how many messages."""
        if hosted.event is None or not hosted.plan.lines:
            return 0
        conversation_id = hosted.event.conversation_id
        host = self._residents[hosted.plan.creator]
        await self._filled(conversation_id, host, len(hosted.plan.goers | {hosted.plan.creator}))
        return len(await self._say(conversation_id, hosted.plan.lines))

    async def _say(self, conversation_id: str, lines: Sequence[Line]) -> list[Message]:
        said: dict[int, Message] = {}
        for index, line in enumerate(lines):
            answered = None if line.reply_to is None else said.get(line.reply_to)
            body = NewMessage(
                client_id=self._keys.key("message", index, line.content),
                content=line.content,
                mentions=[self._residents[number].id for number in line.mentions],
                reply_to=None if answered is None else answered.id,
            )
            path = f"/v1/conversations/{conversation_id}/messages"
            request = Request("POST", path, self._residents[line.speaker].token, body)
            message = await self._requests.attempt(Message, request)
            if message is not None:
                said[index] = message
        return list(said.values())

    async def _filled(self, conversation_id: str, host: Resident, members: int) -> None:
        """Wait until so many are in an event's conversation, which follows their answers; not for ever."""
        request = Request("GET", f"/v1/conversations/{conversation_id}", host.token)
        for _ in range(round(FILLED_S / FILLED_AGAIN_S)):
            found = await self._requests.attempt(Conversation, request)
            if found is not None and found.member_count >= members:
                return
            await self._sleep(FILLED_AGAIN_S)
