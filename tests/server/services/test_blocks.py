"""What users hold of each other, and a block between them: every combination of the two.

A block leaves no place taken and no notification about what is hidden. It does not keep users from taking
back their own, or from moderating what is theirs.
"""

import itertools
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from server.http.cursor import decode_cursor
from server.instance import Instance
from storage.embedded import StoreUrls
from storage.postgres.migrations import database_url
from tests.server.api_client import ApiClient
from tests.server.registered_users import RegisteredUser, RegisteredUsers

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any


@dataclass(frozen=True)
class Pair:
    """`owner` has a post, an event and a follower; `holder` holds something of them."""

    api: ApiClient
    owner: RegisteredUser
    holder: RegisteredUser
    third: RegisteredUser
    post: str
    event: str

    def rsvp_path(self) -> str:
        return f"/v1/events/{self.event}/rsvp"

    def like_path(self) -> str:
        return f"/v1/posts/{self.post}/like"

    async def conversation(self) -> Json:
        event = await self.api.get(self.owner, f"/v1/events/{self.event}")
        return await self.api.get_conversation(self.owner, event["conversation_id"])

    async def members(self) -> set[str]:
        return {card["id"] for card in (await self.conversation())["participants"]}

    async def wait_for_members(self, *users: RegisteredUser) -> None:
        event = await self.api.get(self.owner, f"/v1/events/{self.event}")
        path = f"/v1/conversations/{event['conversation_id']}"
        wanted = {user.id for user in users}
        await self.api.wait_for(
            self.owner, path, lambda shown: {card["id"] for card in shown["participants"]} == wanted
        )

    async def wait_for_rsvps(self, status: str, *users: RegisteredUser) -> None:
        wanted = {user.id for user in users}
        await self.api.wait_for(
            self.owner,
            f"/v1/events/{self.event}/rsvps?status={status}",
            lambda page: {item["user"]["id"] for item in page["items"]} == wanted,
        )

    async def wait_for_no_notifications(self, user: RegisteredUser) -> None:
        await self.api.wait_for(user, "/v1/notifications", lambda page: page["items"] == [])
        await self.api.wait_for(
            user, "/v1/notifications/unread_count", lambda count: count["unread_count"] == 0
        )


Step = Callable[[Pair], Awaitable[None]]


async def like(pair: Pair) -> None:
    await pair.api.expect(204, pair.holder, "PUT", pair.like_path())


async def like_is_taken_back(pair: Pair) -> None:
    await pair.api.expect(204, pair.holder, "DELETE", pair.like_path())
    assert (await pair.api.get(pair.owner, f"/v1/posts/{pair.post}"))["like_count"] == 0
    await pair.api.expect_error("post.not_found", 404, pair.holder, "DELETE", pair.like_path())
    await pair.wait_for_no_notifications(pair.owner)


async def comment(pair: Pair) -> None:
    await pair.api.comment(pair.holder, pair.post)


async def find_comment(pair: Pair) -> str:
    """Return the comment, which a third user sees."""
    (found,) = (await pair.api.get(pair.third, f"/v1/posts/{pair.post}/comments"))["items"]
    return f"/v1/comments/{found['id']}"


async def comment_is_taken_back(pair: Pair) -> None:
    path = await find_comment(pair)
    await pair.api.expect_error("permission.denied", 403, pair.third, "DELETE", path)
    await pair.api.expect(204, pair.holder, "DELETE", path)
    assert (await pair.api.get(pair.owner, f"/v1/posts/{pair.post}"))["comment_count"] == 0
    await pair.wait_for_no_notifications(pair.owner)


async def comment_is_moderated(pair: Pair) -> None:
    path = await find_comment(pair)
    await pair.api.expect(204, pair.owner, "DELETE", path)
    await pair.api.expect_error("comment.not_found", 404, pair.holder, "DELETE", path)
    await pair.wait_for_no_notifications(pair.owner)


async def follow(pair: Pair) -> None:
    await pair.api.follow(pair.holder, pair.owner)


async def follow_has_ended(pair: Pair) -> None:
    await pair.api.expect(204, pair.holder, "DELETE", f"/v1/users/{pair.owner.id}/follow")
    followers = await pair.api.get(pair.third, f"/v1/users/{pair.owner.id}/followers")
    assert followers["items"] == []
    await pair.wait_for_no_notifications(pair.owner)


async def go(pair: Pair) -> None:
    """The only place is the holder's; a third user waits for it."""
    await pair.api.rsvp(pair.holder, pair.event)
    body = {"status": "GOING", "waitlist": True}
    await pair.api.expect(202, pair.third, "PUT", pair.rsvp_path(), body)
    await pair.wait_for_members(pair.owner, pair.holder)


async def place_goes_to_the_next(pair: Pair) -> None:
    await pair.wait_for_rsvps("GOING", pair.third)
    await pair.wait_for_members(pair.owner, pair.third)
    body = {"status": "GOING", "waitlist": True}
    await pair.api.expect_error("event.not_found", 404, pair.holder, "PUT", pair.rsvp_path(), body)
    await pair.api.expect_error("event.not_found", 404, pair.holder, "DELETE", pair.rsvp_path())
    conversation = (await pair.conversation())["id"]
    await pair.api.expect_error(
        "conversation.not_found", 404, pair.holder, "GET", f"/v1/conversations/{conversation}"
    )


async def wait_in_line(pair: Pair) -> None:
    """The place is the third user's; the holder waits for it."""
    await pair.api.rsvp(pair.third, pair.event)
    body = {"status": "GOING", "waitlist": True}
    await pair.api.expect(202, pair.holder, "PUT", pair.rsvp_path(), body)


async def waitlist_is_empty_and_unpromoted(pair: Pair) -> None:
    await pair.api.wait_for(pair.holder, pair.rsvp_path().removesuffix("/rsvp"), lambda _: True, status=404)
    await pair.api.expect(200, pair.third, "DELETE", pair.rsvp_path())
    await pair.wait_for_rsvps("GOING")
    # Until the holder's place in the line is withdrawn, the free place is the holder's.
    await pair.api.wait_for(
        pair.third,
        pair.rsvp_path(),
        lambda rsvp: rsvp["status"] == "GOING",
        method="PUT",
        request_body={"status": "GOING"},
    )
    await pair.wait_for_no_notifications(pair.holder)


async def be_interested(pair: Pair) -> None:
    await pair.api.rsvp(pair.holder, pair.event, "INTERESTED")


async def answer_is_withdrawn(pair: Pair) -> None:
    await pair.api.wait_for(
        pair.owner, f"/v1/events/{pair.event}", lambda event: event["interested_count"] == 0
    )
    await pair.wait_for_rsvps("INTERESTED")


async def be_invited(pair: Pair) -> None:
    """By a third user, who can see both."""
    body = {"user_ids": [pair.holder.id]}
    await pair.api.expect(204, pair.third, "POST", f"/v1/events/{pair.event}/invites", body)
    await pair.api.wait_for(pair.holder, "/v1/notifications", lambda page: len(page["items"]) == 1)


async def invitation_is_withdrawn(pair: Pair) -> None:
    await pair.wait_for_no_notifications(pair.holder)


async def be_admin(pair: Pair) -> None:
    """Of the event's conversation."""
    await pair.api.rsvp(pair.holder, pair.event)
    await pair.wait_for_members(pair.owner, pair.holder)
    path = f"/v1/conversations/{(await pair.conversation())['id']}"
    body = {"admins": [pair.owner.id, pair.holder.id]}
    await pair.api.expect(200, pair.owner, "PATCH", path, body)


async def role_has_ended(pair: Pair) -> None:
    await pair.wait_for_members(pair.owner)
    assert (await pair.conversation())["admins"] == [pair.owner.id]


HOLDINGS: dict[str, tuple[Step, Step]] = {
    "like": (like, like_is_taken_back),
    "comment": (comment, comment_is_taken_back),
    "comment on one's post": (comment, comment_is_moderated),
    "follow": (follow, follow_has_ended),
    "place": (go, place_goes_to_the_next),
    "waitlist entry": (wait_in_line, waitlist_is_empty_and_unpromoted),
    "interest": (be_interested, answer_is_withdrawn),
    "invitation": (be_invited, invitation_is_withdrawn),
    "role": (be_admin, role_has_ended),
}
BLOCKERS = ("owner blocks", "holder blocks", "both block")


@pytest.mark.parametrize(("holding", "blocker"), list(itertools.product(HOLDINGS, BLOCKERS)))
async def test_block_by_what_the_other_holds(
    api: ApiClient, instance: Instance, people: RegisteredUsers, holding: str, blocker: str
) -> None:
    """Places and invitations are withdrawn; likes and comments can be taken back and moderated."""
    owner, holder, third = await people.register(3, instance)
    post, event = (await api.post(owner))["id"], (await api.event(owner, capacity=1))["id"]
    pair = Pair(api, owner, holder, third, post, event)
    hold, check = HOLDINGS[holding]
    await hold(pair)
    if blocker != "holder blocks":
        await api.block(owner, holder)
    if blocker != "owner blocks":
        await api.block(holder, owner)
    await check(pair)


async def test_host_removes_a_attendee(api: ApiClient, instance: Instance, people: RegisteredUsers) -> None:
    """The next in line gets the place; the attendee cannot respond until the host invites them."""
    host, attendee, waiting = await people.register(3, instance)
    event = (await api.event(host, capacity=1))["id"]
    pair = Pair(api, host, attendee, waiting, "", event)
    await go(pair)
    path = f"/v1/events/{event}/rsvps/{attendee.id}"
    await api.expect_error("permission.denied", 403, attendee, "DELETE", path)
    await api.expect_error("request.invalid", 422, host, "DELETE", f"/v1/events/{event}/rsvps/{host.id}")
    await api.expect(204, host, "DELETE", path)
    await api.expect(204, host, "DELETE", path)
    await pair.wait_for_rsvps("GOING", waiting)
    await pair.wait_for_members(host, waiting)
    for status in ("INTERESTED", "GOING"):
        await api.expect_error(
            "permission.denied", 403, attendee, "PUT", pair.rsvp_path(), {"status": status}
        )
    assert (await api.get(attendee, f"/v1/events/{event}"))["my_rsvp"] is None
    await api.expect(204, host, "POST", f"/v1/events/{event}/invites", {"user_ids": [attendee.id]})
    await api.rsvp(attendee, event, "INTERESTED")
    await api.wait_for(attendee, "/v1/notifications", lambda page: len(page["items"]) == 1)


async def test_author_deletes_a_post_that_a_moderator_hid(
    api: ApiClient, instance: Instance, people: RegisteredUsers, stores: StoreUrls
) -> None:
    """And a commenter the comment on it: neither needs to see it."""
    ana, ben = await people.register(2, instance)
    post = (await api.post(ana))["id"]
    own = (await api.comment(ben, post))["id"]
    connection = await asyncpg.connect(database_url(stores.postgres, "posts"))
    await connection.execute("UPDATE posts SET hidden_at = now() WHERE id = $1", post)
    await connection.close()
    await api.expect_error("post.not_found", 404, ben, "DELETE", f"/v1/posts/{post}")
    await api.expect(204, ben, "DELETE", f"/v1/comments/{own}")
    await api.expect(204, ana, "DELETE", f"/v1/posts/{post}")


@pytest.mark.parametrize("blocker", ["first", "searcher"])
async def test_search_and_its_cursors_skip_a_user_with_a_block(
    api: ApiClient, instance: Instance, people: RegisteredUsers, blocker: str
) -> None:
    """A page of one is the next user, so neither an empty page nor a cursor reveals the one between."""
    found = sorted(await people.register(3, instance), key=lambda user: user.username)
    (searcher,) = await people.register(1, instance)
    word = f"block{secrets.token_hex(4)}"
    for user in found:
        await api.expect(200, user, "PATCH", "/v1/users/me", {"display_name": word})
    first, second, third = found
    await (api.block(first, searcher) if blocker == "first" else api.block(searcher, first))
    page = await api.get(searcher, f"/v1/users?q={word}&limit=1")
    assert [card["id"] for card in page["items"]] == [second.id]
    assert decode_cursor(page["next_cursor"], tuple[str, str]) == (second.username, second.id)
    last = await api.get(searcher, f"/v1/users?q={word}&limit=1&cursor={page['next_cursor']}")
    assert ([card["id"] for card in last["items"]], last["next_cursor"]) == ([third.id], None)
