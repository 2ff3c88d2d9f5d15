"""Load test with Locust: users who read their feeds and exchange messages over the websocket.

    python run.py load prepare --users 200 --users-file data/load/users.json
    CONVENE_USERS=data/load/users.json \
    locust -f docs/load-testing/locustfile.py --host http://127.0.0.1:8080 \
        --headless --users 50 --spawn-rate 10 --run-time 30s

`send` is the time until the server acknowledges a message, `delivery` the time until the other user
receives it. Order, gaps and duplicates are not checked; `run.py load` checks them.
"""

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import gevent
import websocket
from locust import HttpUser, between, events, task

USERS = json.loads(Path(os.environ["CONVENE_USERS"]).read_text("utf-8"))["people"]
USER_INDEXES = itertools.count()


class ChatUser(HttpUser):
    """Consecutive users form pairs: use an even number of users."""

    wait_time = between(1, 3)

    def on_start(self) -> None:
        index = next(USER_INDEXES) % len(USERS)
        self.me, self.peer = USERS[index], USERS[min(index ^ 1, len(USERS) - 1)]
        self.client.headers["Authorization"] = f"Bearer {self.me['token']}"
        response = self.client.post(
            "/v1/conversations", json={"type": "DIRECT", "participants": [self.peer["id"]]}
        )
        self.conversation_id = response.json()["id"]
        self.request_ids = itertools.count(1)
        self.sent_at: dict[int, float] = {}
        address = self.host.replace("http", "ws", 1) + "/v1/ws"
        self.socket = websocket.create_connection(address, subprotocols=["convene.v1.json"])
        self.send_frame({"type": "authenticate", "id": 0, "token": self.me["token"]})
        self.receiver = gevent.spawn(self.receive_frames)

    def on_stop(self) -> None:
        self.receiver.kill()
        self.socket.close()

    @task(3)
    def chat(self) -> None:
        request_id = next(self.request_ids)
        now = time.time()
        self.sent_at[request_id] = now
        self.send_frame(
            {
                "type": "message.send",
                "id": request_id,
                "conversation_id": self.conversation_id,
                "client_id": f"{self.me['id']}-{now}",
                "content": f"{now}",
            }
        )

    @task(1)
    def feed(self) -> None:
        self.client.get("/v1/feed")

    def receive_frames(self) -> None:
        while True:
            data = self.socket.recv()
            if not data:
                return
            decoded = json.loads(data)
            for frame in decoded if isinstance(decoded, list) else [decoded]:
                self.on_frame(frame)

    def on_frame(self, frame: dict[str, Any]) -> None:
        now = time.time()
        match frame["type"]:
            case "ok" if frame["id"] in self.sent_at:
                report_request("send", now - self.sent_at.pop(frame["id"]))
            case "error":
                report_request("send", 0.0, frame["code"])
            case "message.created" if frame["message"]["sender_id"] == self.peer["id"]:
                report_request("delivery", now - float(frame["message"]["content"]))
            case _:
                pass

    def send_frame(self, frame: dict[str, Any]) -> None:
        self.socket.send(json.dumps(frame))


def report_request(name: str, seconds: float, failure: str | None = None) -> None:
    """Report a websocket operation to Locust's statistics."""
    events.request.fire(
        request_type="WS",
        name=name,
        response_time=seconds * 1000,
        response_length=0,
        exception=RuntimeError(failure) if failure else None,
        context={},
    )
