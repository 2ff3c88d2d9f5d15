"""What users hold of things that they can no longer see: each reason that hides them.

Users take back what they did without seeing the thing, and authors moderate their posts without seeing the
other user. Nothing can be added. `test_blocks.py` has what a block between the two ends.
"""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from server.instance import Instance
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


@dataclass(frozen=True)
class HoldingsSetup:
    """`owner` has a followers-only post with a comment, and an event; `holder` follows the owner."""

    api: ApiClient
    admin: RegisteredUser
    owner: RegisteredUser
    holder: RegisteredUser
    post: str
    comment: str
    event: str

    async def count(self, field: str) -> int:
        """Return a count of the post, which its owner sees even if it is hidden."""
        return int((await self.api.get(self.owner, f"/v1/posts/{self.post}"))[field])

    async def own_comment(self) -> str:
        comments = await self.api.get(self.owner, f"/v1/posts/{self.post}/comments")
        return str(comments["items"][-1]["id"])


async def owner_blocks(setup: HoldingsSetup) -> None:
    await setup.api.block(setup.owner, setup.holder)


async def holder_blocks(setup: HoldingsSetup) -> None:
    await setup.api.block(setup.holder, setup.owner)


async def follower_is_removed(setup: HoldingsSetup) -> None:
    await setup.api.expect(204, setup.owner, "DELETE", f"/v1/users/me/followers/{setup.holder.id}")


async def holder_unfollows(setup: HoldingsSetup) -> None:
    await setup.api.expect(204, setup.holder, "DELETE", f"/v1/users/{setup.owner.id}/follow")


async def account_becomes_private(setup: HoldingsSetup) -> None:
    await setup.api.set_private(setup.owner, private=True)
    await follower_is_removed(setup)


async def moderators_hide_the_post(setup: HoldingsSetup) -> None:
    body = {"type": "hide", "kind": "post", "id": setup.post, "reason": "a reason"}
    await setup.api.expect(201, setup.admin, "POST", "/v1/admin/actions", body)


Loss = Callable[[HoldingsSetup], Awaitable[None]]
LOSSES: dict[str, Loss] = {
    "owner blocks": owner_blocks,
    "holder blocks": holder_blocks,
    "follower is removed": follower_is_removed,
    "holder unfollows": holder_unfollows,
    "account becomes private": account_becomes_private,
    "moderators hide the post": moderators_hide_the_post,
}


@dataclass(frozen=True)
class Holding:
    """How to add it and to take it back: method, path, body. `count` is the post's field that counts it."""

    add: tuple[str, str, Json]
    remove: tuple[str, str]
    count: str = ""
    count_left: int = 0


HOLDINGS = {
    "like": Holding(
        ("PUT", "/v1/posts/{post}/like", None), ("DELETE", "/v1/posts/{post}/like"), "like_count"
    ),
    "comment": Holding(
        ("POST", "/v1/posts/{post}/comments", {"content": "mine"}),
        ("DELETE", "/v1/comments/{own}"),
        "comment_count",
        1,
    ),
    "reply": Holding(
        ("POST", "/v1/posts/{post}/comments", {"content": "mine", "parent_id": "{comment}"}),
        ("DELETE", "/v1/comments/{own}"),
        "comment_count",
        1,
    ),
    "comment like": Holding(
        ("PUT", "/v1/comments/{comment}/like", None), ("DELETE", "/v1/comments/{comment}/like")
    ),
    "bookmark": Holding(("PUT", "/v1/posts/{post}/bookmark", None), ("DELETE", "/v1/posts/{post}/bookmark")),
}


@pytest_asyncio.fixture(loop_scope="module")
async def setup(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser
) -> HoldingsSetup:
    owner, holder = await people.register(2, instance)
    await api.follow(holder, owner)
    post = (await api.post(owner, visibility="followers"))["id"]
    comment = (await api.comment(owner, post))["id"]
    return HoldingsSetup(api, admin, owner, holder, post, comment, "")


def fill(text: str, setup: HoldingsSetup, own: str = "") -> str:
    return text.format(post=setup.post, comment=setup.comment, own=own)


async def add(setup: HoldingsSetup, holding: Holding) -> tuple[int, Json]:
    method, path, body = holding.add
    filled = None if body is None else {name: fill(value, setup) for name, value in body.items()}
    status, answer, _ = await setup.api.request(setup.holder, method, fill(path, setup), filled)
    return status, answer


@pytest.mark.parametrize(("holding", "loss"), list(itertools.product(HOLDINGS, LOSSES)))
async def test_what_is_held_of_a_post_is_taken_back_without_sight(
    setup: HoldingsSetup, holding: str, loss: str
) -> None:
    """Once, with its count; the post and everything of it is 404, and nothing can be added."""
    held = HOLDINGS[holding]
    status, _ = await add(setup, held)
    assert status < 300
    own = await setup.own_comment() if "{own}" in held.remove[1] else ""
    await LOSSES[loss](setup)
    post = f"/v1/posts/{setup.post}"
    for path in (post, f"{post}/comments", f"{post}/likes", f"/v1/comments/{setup.comment}/likes"):
        status, answer, _ = await setup.api.request(setup.holder, "GET", path)
        assert status == 404, (path, answer)
    await setup.api.expect(204, setup.holder, held.remove[0], fill(held.remove[1], setup, own))
    if held.count:
        assert await setup.count(held.count) == held.count_left
    status, answer = await add(setup, held)
    assert status == 404, answer


@pytest.mark.parametrize(("holding", "loss"), list(itertools.product(("comment", "reply"), LOSSES)))
async def test_author_removes_comments_of_users_who_lost_sight(
    setup: HoldingsSetup, holding: str, loss: str
) -> None:
    """Also while moderators hide the post."""
    await add(setup, HOLDINGS[holding])
    own = await setup.own_comment()
    await LOSSES[loss](setup)
    await setup.api.expect(204, setup.owner, "DELETE", f"/v1/comments/{own}")
    assert await setup.count("comment_count") == 1
    await setup.api.expect_error("comment.not_found", 404, setup.holder, "DELETE", f"/v1/comments/{own}")


@pytest.mark.parametrize("loss", [name for name in LOSSES if "follow" not in name and "private" not in name])
async def test_repost_is_taken_back_without_sight(
    api: ApiClient, instance: Instance, people: RegisteredUsers, admin: RegisteredUser, loss: str
) -> None:
    """Only public posts are reposted, so only blocks and moderators take the sight."""
    owner, holder = await people.register(2, instance)
    post = (await api.post(owner))["id"]
    setup = HoldingsSetup(api, admin, owner, holder, post, "", "")
    await api.expect(201, holder, "POST", f"/v1/posts/{post}/repost", {})
    await LOSSES[loss](setup)
    await api.expect(204, holder, "DELETE", f"/v1/posts/{post}/repost")
    assert await setup.count("repost_count") == 0
    await api.expect_error("post.not_found", 404, holder, "POST", f"/v1/posts/{post}/repost", {})


async def be_removed(setup: HoldingsSetup) -> None:
    await setup.api.expect(204, setup.owner, "DELETE", f"/v1/events/{setup.event}/rsvps/{setup.holder.id}")


async def moderators_hide_the_event(setup: HoldingsSetup) -> None:
    body = {"type": "hide", "kind": "event", "id": setup.event, "reason": "a reason"}
    await setup.api.expect(201, setup.admin, "POST", "/v1/admin/actions", body)


EVENT_LOSSES: dict[str, Loss] = {
    "owner blocks": owner_blocks,
    "holder blocks": holder_blocks,
    "host removes": be_removed,
    "moderators hide the event": moderators_hide_the_event,
}
EVENT_HOLDINGS = ("going", "guests", "waiting", "interested", "asked", "cohost", "reminders", "invited")


async def hold_of_event(setup: HoldingsSetup, third: RegisteredUser, holding: str) -> str:
    """Create an event of which the holder holds something; a third user waits for the place, or has it."""
    event = await setup.api.event(
        setup.owner,
        capacity=3 if holding == "guests" else 1,
        approval=holding == "asked",
    )
    path = f"/v1/events/{event['id']}"
    match holding:
        case "waiting":
            await setup.api.rsvp(third, event["id"])
            body: Json = {"status": "GOING", "waitlist": True}
            await setup.api.expect(202, setup.holder, "PUT", f"{path}/rsvp", body)
        case "interested":
            await setup.api.rsvp(setup.holder, event["id"], "INTERESTED")
        case "asked":
            asked = await setup.api.expect(202, setup.holder, "PUT", f"{path}/rsvp", {"status": "GOING"})
            assert asked["status"] == "PENDING"
        case "cohost":
            await setup.api.expect(204, setup.owner, "PUT", f"{path}/hosts/{setup.holder.id}")
        case "invited":
            await setup.api.expect(
                204, setup.owner, "POST", f"{path}/invites", {"user_ids": [setup.holder.id]}
            )
        case _:
            body = {"status": "GOING"}
            body |= {"guests": 2} if holding == "guests" else {}
            body |= {"reminders": [30]} if holding == "reminders" else {}
            await setup.api.expect(200, setup.holder, "PUT", f"{path}/rsvp", body)
            waits = {"status": "GOING", "waitlist": True, "guests": 1 if holding == "guests" else 0}
            await setup.api.expect(202, third, "PUT", f"{path}/rsvp", waits)
    return str(event["id"])


EVENT_CASES = [
    case
    for case in itertools.product(EVENT_HOLDINGS, EVENT_LOSSES)
    # A host removes no host: see test_event_cohosts.py.
    if case != ("cohost", "host removes")
]


@pytest.mark.parametrize(("holding", "loss"), EVENT_CASES)
async def test_what_is_held_of_an_event_ends_with_its_sight(
    api: ApiClient,
    instance: Instance,
    people: RegisteredUsers,
    admin: RegisteredUser,
    holding: str,
    loss: str,
) -> None:
    """The place goes to the next; the conversation and the notifications are gone.

    A hidden event keeps its answers, which can be withdrawn.
    """
    owner, holder, third = await people.register(3, instance)
    setup = HoldingsSetup(api, admin, owner, holder, "", "", "")
    event = await hold_of_event(setup, third, holding)
    setup = HoldingsSetup(api, admin, owner, holder, "", "", event)
    path = f"/v1/events/{event}"
    conversation = (await api.get(owner, path))["conversation_id"]
    await EVENT_LOSSES[loss](setup)
    is_gone = loss != "host removes"
    if is_gone:
        await api.wait_for(holder, path, lambda _: True, status=404)
    await api.wait_for(holder, f"/v1/conversations/{conversation}", lambda _: True, status=404)
    await api.wait_for(
        holder,
        "/v1/notifications",
        lambda page: [item for item in page["items"] if item["reference_id"] == event] == [],
    )
    if loss == "moderators hide the event":
        if holding not in {"invited", "cohost"}:
            await api.expect(200, holder, "DELETE", f"{path}/rsvp")
        return
    await api.wait_for(
        owner,
        f"{path}/rsvps",
        lambda page: holder.id not in {item["user"]["id"] for item in page["items"]},
    )
    await api.wait_for(
        owner,
        path,
        lambda shown: (
            holder.id not in {host["id"] for host in shown["hosts"]} and shown["interested_count"] == 0
        ),
    )
    if holding in {"going", "guests", "reminders"}:
        await api.wait_for(
            owner,
            f"{path}/rsvps?status=GOING",
            lambda page: [item["user"]["id"] for item in page["items"]] == [third.id],
        )
    assert (await api.get(owner, f"{path}/requests"))["items"] == []
    for status in ("GOING", "INTERESTED"):
        answer = await api.request(holder, "PUT", f"{path}/rsvp", {"status": status, "waitlist": True})
        assert answer[0] == (404 if is_gone else 403), answer
