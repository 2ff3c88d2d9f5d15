"""Many count the same things up and down at both instances at once, and nobody ever sees a wrong number."""

import asyncio
import random
from contextlib import AsyncExitStack

from storage.postgres.audit import PostgresCountAudit
from storage.postgres.pool import PostgresPool
from tests.end_to_end.conftest import Pair
from tests.end_to_end.registered_user import RegisteredUser
from tests.end_to_end.server_process import ServerStores
from tests.end_to_end.test_social_features import create_event
from tests.end_to_end.user_api import UserApi

PEOPLE = 8
ACTIONS = 25
CAPACITY = 3
COUNTED_SERVICES = ("posts", "social", "events")


async def test_counts_always_equal_the_rows(pair: Pair, server_stores: ServerStores) -> None:
    """Likes, comments, follows and answers, given and taken back: in the stores while it goes on, and over
    HTTP at both instances in the end; going never passes the capacity.
    """
    people = [await RegisteredUser.register(f"p{number}", pair[number % 2]) for number in range(PEOPLE)]
    async with AsyncExitStack() as stack:
        owner, *others = [
            await stack.enter_async_context(UserApi(person, pair[number % 2]))
            for number, person in enumerate(people)
        ]
        place = CountedObjects(
            owner.id, await owner.post("hello"), (await create_event(owner, "Boules", CAPACITY))["id"]
        )
        audits = []
        for service in COUNTED_SERVICES:
            pool = PostgresPool(server_stores.databases[service])
            await pool.open()
            stack.push_async_callback(pool.close)
            audits.append(PostgresCountAudit(pool, service))
        looks = 0
        async with asyncio.TaskGroup() as group:
            acting = [group.create_task(place.act_randomly(one, number)) for number, one in enumerate(others)]
            while not all(one.done() for one in acting):
                assert [await audit.count_mismatches() for audit in audits] == [0] * len(audits)
                looks += 1
        assert looks > ACTIONS
        for number, instance in enumerate(pair):
            async with UserApi(people[number], instance) as viewer:
                await place.assert_counts_match_lists(viewer)


class CountedObjects:
    """A post, a person and an event, about which everybody changes their mind."""

    def __init__(self, user_id: str, post_id: str, event_id: str) -> None:
        self._post = f"/v1/posts/{post_id}"
        self._user = f"/v1/users/{user_id}"
        self._event = f"/v1/events/{event_id}"

    async def act_randomly(self, api: UserApi, number: int) -> None:
        chance = random.Random(number)
        answers = [{"status": "GOING", "waitlist": True}, {"status": "GOING"}, {"status": "INTERESTED"}]
        said: list[str] = []
        for _ in range(ACTIONS):
            match chance.randrange(8):
                case 0 | 1:
                    await api.request_ok(chance.choice(["PUT", "DELETE"]), f"{self._post}/like")
                case 2 | 3:
                    await api.request_ok(chance.choice(["PUT", "DELETE"]), f"{self._user}/follow")
                case 4:
                    made = await api.request_ok("POST", f"{self._post}/comments", {"content": "so"})
                    said.append(made["id"])
                case 5 if said:
                    await api.request_ok("DELETE", f"/v1/comments/{said.pop()}")
                case 6:
                    await api.request_ok("DELETE", f"{self._event}/rsvp")
                case _:
                    status, _ = await api.request("PUT", f"{self._event}/rsvp", chance.choice(answers))
                    assert status in {200, 202, 409}

    async def assert_counts_match_lists(self, viewer: UserApi) -> None:
        post, stats = await viewer.get(self._post), await viewer.get(f"{self._user}/stats")
        happening = await viewer.get(self._event)
        assert happening["going_count"] <= CAPACITY
        for count, path in (
            (post["like_count"], f"{self._post}/likes"),
            (post["comment_count"], f"{self._post}/comments"),
            (stats["followers_count"], f"{self._user}/followers"),
            (happening["going_count"], f"{self._event}/rsvps?status=GOING"),
            (happening["interested_count"], f"{self._event}/rsvps?status=INTERESTED"),
        ):
            assert len(await viewer.list_all(path)) == count, path
