"""Django Channels with the Redis pub/sub layer, on uvicorn. Each message is encoded once."""

import itertools
import json
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from bench.peers.python.arguments import read_arguments
from bench.peers.python.message import build_replies

Numbers = defaultdict[str, "itertools.count[int]"]


class Member(AsyncWebsocketConsumer):
    """A connection, in the room named by its query string."""

    def __init__(self, numbers: Numbers) -> None:
        super().__init__()
        self._numbers = numbers

    async def connect(self) -> None:
        self.room = parse_qs(self.scope["query_string"].decode())["room"][0]
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()

    async def disconnect(self, _code: int) -> None:
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive(self, text_data: str) -> None:
        ok, created = build_replies(json.loads(text_data), self.channel_name, next(self._numbers[self.room]))
        await self.send(text_data=to_text(ok))
        await self.channel_layer.group_send(self.room, {"type": "message.created", "text": to_text(created)})

    async def message_created(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


def to_text(reply: dict[str, Any]) -> str:
    return json.dumps(reply, separators=(",", ":"))


def main() -> None:
    arguments = read_arguments(__doc__)
    settings.configure(
        CHANNEL_LAYERS={
            "default": {
                "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
                "CONFIG": {"hosts": [arguments.redis]},
            }
        }
    )
    uvicorn.run(
        Member.as_asgi(numbers=defaultdict(lambda: itertools.count(1))),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
