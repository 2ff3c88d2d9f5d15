"""Counters under concurrent changes on two instances."""

import asyncio
import random
from contextlib import AsyncExitStack

from storage.postgres.audit import PostgresCountAudit
from storage.postgres.pool import PostgresPool
from tests.end_to_end.conftest import Pair
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerStores
from tests.end_to_end.user_api import UserApi

USERS = 8
ACTIONS = 25
CAPACITY = 3
COUNTED_SERVICES = ("posts", "social", "events")


async def test_counts_always_equal_the_rows(pair: Pair, server_stores: ServerStores) -> None:
    """Counts equal the rows while users add and remove what is counted, concurrently.

    Those of likes, comments, likes of comments, reposts, follows and RSVPs with guests. Checked in the stores
    during the changes and over HTTP on both instances afterwards. The number of attendees never exceeds the
    capacity.
    """
    users = [await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(USERS)]
    async with AsyncExitStack() as stack:
        owner, *others = [
            await stack.enter_async_context(UserApi(user, pair[number % 2]))
            for number, user in enumerate(users)
        ]
        post_id = await owner.post("hello")
        comment = await owner.request_ok("POST", f"/v1/posts/{post_id}/comments", {"content": "first"})
        event = await owner.create_event("Boules", CAPACITY)
        objects = CountedObjects(owner.id, post_id, comment["id"], event["id"])
        audits = []
        for service in COUNTED_SERVICES:
            pool = PostgresPool(server_stores.databases[service])
            await pool.open()
            stack.push_async_callback(pool.close)
            audits.append(PostgresCountAudit(pool, service))
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(objects.act_randomly(api, number)) for number, api in enumerate(others)
            ]
            while not all(task.done() for task in tasks):
                assert [await audit.count_mismatches() for audit in audits] == [0] * len(audits)
                objects.audit_count += 1
        assert objects.audit_count > ACTIONS
        for number, instance in enumerate(pair):
            async with UserApi(users[number], instance) as viewer:
                await objects.assert_counts_match_lists(viewer)


class CountedObjects:
    """A post, a comment on it, a user and an event that all users act on."""

    def __init__(self, user_id: str, post_id: str, comment_id: str, event_id: str) -> None:
        self._comment_id = comment_id
        self._comment = f"/v1/comments/{comment_id}"
        self._post = f"/v1/posts/{post_id}"
        self._user = f"/v1/users/{user_id}"
        self._event = f"/v1/events/{event_id}"
        self.audit_count = 0

    async def act_randomly(self, api: UserApi, number: int) -> None:
        rng = random.Random(number)
        rsvps = [
            {"status": "GOING", "waitlist": True, "guests": 1},
            {"status": "GOING", "guests": 0},
            {"status": "GOING"},
            {"status": "INTERESTED"},
        ]
        comment_ids: list[str] = []
        action_count = 0
        # Until the counts were audited often enough in the meantime, on machines of any speed.
        while action_count < ACTIONS or self.audit_count <= ACTIONS:
            action_count += 1
            match rng.randrange(11):
                case 0 | 1:
                    await api.request_ok(rng.choice(["PUT", "DELETE"]), f"{self._post}/like")
                case 2 | 3:
                    await api.request_ok(rng.choice(["PUT", "DELETE"]), f"{self._user}/follow")
                case 4:
                    comment = await api.request_ok("POST", f"{self._post}/comments", {"content": "so"})
                    comment_ids.append(comment["id"])
                case 5 if comment_ids:
                    await api.request_ok("DELETE", f"/v1/comments/{comment_ids.pop()}")
                case 6:
                    await api.request_ok(rng.choice(["PUT", "DELETE"]), f"{self._comment}/like")
                case 7:
                    await api.request_ok(rng.choice(["POST", "DELETE"]), f"{self._post}/repost")
                case 8:
                    await api.request_ok("DELETE", f"{self._event}/rsvp")
                case _:
                    status, _ = await api.request("PUT", f"{self._event}/rsvp", rng.choice(rsvps))
                    assert status in {200, 202, 409}

    async def assert_counts_match_lists(self, viewer: UserApi) -> None:
        post, stats = await viewer.get(self._post), await viewer.get(f"{self._user}/stats")
        event = await viewer.get(self._event)
        comments = await viewer.list_all(f"{self._post}/comments")
        (comment,) = [one for one in comments if one["id"] == self._comment_id]
        assert event["going_count"] <= CAPACITY
        for count, path in (
            (post["like_count"], f"{self._post}/likes"),
            (post["comment_count"], f"{self._post}/comments"),
            (comment["like_count"], f"{self._comment}/likes"),
            (stats["followers_count"], f"{self._user}/followers"),
            (event["going_count"], f"{self._event}/rsvps?status=GOING"),
            (event["interested_count"], f"{self._event}/rsvps?status=INTERESTED"),
        ):
            items = await viewer.list_all(path)
            assert sum(1 + item.get("guests", 0) for item in items) == count, path
