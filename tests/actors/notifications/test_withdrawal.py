"""Notifications of what is gone or no longer visible are withdrawn; devices get the unread count."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from actors.protocol.server_frames import NotificationCreated, NotificationRead
from storage.contracts.events import Attendee
from storage.contracts.notifications import NotificationSource
from storage.contracts.posts import PUBLIC, NewPostRecord, TextReferences
from storage.postgres.audit import PostgresCountAudit
from storage.postgres.contents import PostgresContents
from storage.postgres.event_blocks import PostgresEventBlocks
from tests.actors.notifications.notification_setup import NotificationSetup


@dataclass(frozen=True)
class Objects:
    """A post and an event of Ana."""

    setup: NotificationSetup
    post_id: str
    event_id: str

    async def like(self) -> None:
        await self.setup.reactions.like(self.post_id, self.setup.ben)

    async def unlike(self) -> None:
        await self.setup.reactions.unlike(self.post_id, self.setup.ben)

    async def comment(self) -> None:
        await self.setup.reactions.comment(self.post_id, self.setup.ben, "hello", None)

    async def delete_comment(self) -> None:
        (comment,) = await self.setup.reactions.comments(self.post_id, None, self.setup.ana, (), 10)
        await self.setup.reactions.delete_comment(comment.id, self.setup.ana)

    async def delete_post(self) -> None:
        await self.setup.posts.delete(self.post_id, self.setup.ana)

    async def hide_post(self) -> None:
        await self.setup.posts.set_hidden(self.post_id, hidden=True)

    async def reply(self) -> None:
        """Cyd replies to Ben's comment on Ana's post."""
        parent_id = await self.setup.reactions.comment(self.post_id, self.setup.ben, "hello", None)
        await self.setup.reactions.comment(
            self.post_id, self.setup.cyd, "hi", None, TextReferences((self.setup.ben,)), parent_id
        )

    async def delete_reply(self) -> None:
        _, reply = await self.setup.reactions.comments(self.post_id, None, self.setup.ana, (), 10)
        await self.setup.reactions.delete_comment(reply.id, self.setup.cyd)

    async def delete_parent(self) -> None:
        parent, *_ = await self.setup.reactions.comments(self.post_id, None, self.setup.ana, (), 10)
        await self.setup.reactions.delete_comment(parent.id, self.setup.ben)

    async def hide_parent(self) -> None:
        await self.set_parent_hidden(hidden=True)

    async def set_parent_hidden(self, *, hidden: bool) -> None:
        parent, *_ = await self.setup.reactions.comments(
            self.post_id, None, self.setup.ana, (), 10, with_hidden=True
        )
        contents = PostgresContents.for_comments(self.setup.databases["posts"].pool)
        await contents.set_hidden(parent.id, hidden=hidden)

    async def like_comment(self) -> None:
        """Two users like Ben's comment on Ana's post."""
        comment_id = await self.setup.reactions.comment(self.post_id, self.setup.ben, "hello", None)
        for user_id in (self.setup.cyd, self.setup.ana, self.setup.ben):
            await self.setup.comment_likes.like(comment_id, user_id)

    async def unlike_comment(self) -> None:
        (comment,) = await self.setup.reactions.comments(self.post_id, None, self.setup.ana, (), 10)
        for user_id in (self.setup.cyd, self.setup.ana):
            await self.setup.comment_likes.unlike(comment.id, user_id)

    async def block_reply(self) -> None:
        await self.setup.social.block(self.setup.cyd, self.setup.ben)

    async def repost(self) -> None:
        await self.setup.reposts.repost(self.post_id, self.setup.ben, None)

    async def remove_repost(self) -> None:
        await self.setup.reposts.remove(self.post_id, self.setup.ben)

    async def quote(self) -> None:
        await self.setup.posts.create(NewPostRecord(self.setup.ben, "look", quote_of_id=self.post_id), None)

    async def hide_quote(self) -> None:
        (quote,) = await self.setup.posts.by_author(self.setup.ben, None, self.setup.ana, [PUBLIC], 10)
        await self.setup.posts.set_hidden(quote.id, hidden=True)

    async def follow(self) -> None:
        await self.setup.social.follow(self.setup.ben, self.setup.ana)

    async def unfollow(self) -> None:
        await self.setup.social.unfollow(self.setup.ben, self.setup.ana)

    async def block(self) -> None:
        await self.setup.social.block(self.setup.ana, self.setup.ben)

    async def invite(self) -> None:
        """Ben invites Cyd to Ana's event."""
        await self.setup.events.invite(self.event_id, self.setup.ben, [self.setup.cyd], None)

    async def remove_attendee(self) -> None:
        await self.setup.rsvps.remove_attendee(self.event_id, self.setup.cyd)

    async def end_by_block(self) -> None:
        """What the reader of a block between Ana and Cyd does."""
        blocks = PostgresEventBlocks(self.setup.databases["events"].pool)
        await blocks.remove_attendee(Attendee(self.event_id, self.setup.cyd))


Step = Callable[[Objects], Awaitable[None]]
CASES: dict[str, tuple[Step, Step, str]] = {
    "unlike": (Objects.like, Objects.unlike, "ana"),
    "like, post deleted": (Objects.like, Objects.delete_post, "ana"),
    "like, post hidden": (Objects.like, Objects.hide_post, "ana"),
    "like, block": (Objects.like, Objects.block, "ana"),
    "comment deleted": (Objects.comment, Objects.delete_comment, "ana"),
    "comment hidden": (Objects.comment, Objects.hide_parent, "ana"),
    "comment, post deleted": (Objects.comment, Objects.delete_post, "ana"),
    "comment, block": (Objects.comment, Objects.block, "ana"),
    "reply deleted": (Objects.reply, Objects.delete_reply, "ben"),
    "reply, parent deleted": (Objects.reply, Objects.delete_parent, "ben"),
    "reply, parent hidden": (Objects.reply, Objects.hide_parent, "ben"),
    "reply, post deleted": (Objects.reply, Objects.delete_post, "ben"),
    "reply, post hidden": (Objects.reply, Objects.hide_post, "ben"),
    "reply, block": (Objects.reply, Objects.block_reply, "ben"),
    "comment unliked": (Objects.like_comment, Objects.unlike_comment, "ben"),
    "comment like, comment deleted": (Objects.like_comment, Objects.delete_parent, "ben"),
    "comment like, comment hidden": (Objects.like_comment, Objects.hide_parent, "ben"),
    "comment like, post deleted": (Objects.like_comment, Objects.delete_post, "ben"),
    "comment like, post hidden": (Objects.like_comment, Objects.hide_post, "ben"),
    "repost removed": (Objects.repost, Objects.remove_repost, "ana"),
    "repost, post deleted": (Objects.repost, Objects.delete_post, "ana"),
    "repost, post hidden": (Objects.repost, Objects.hide_post, "ana"),
    "repost, block": (Objects.repost, Objects.block, "ana"),
    "quote hidden": (Objects.quote, Objects.hide_quote, "ana"),
    "quote, post deleted": (Objects.quote, Objects.delete_post, "ana"),
    "unfollow": (Objects.follow, Objects.unfollow, "ana"),
    "follow, block": (Objects.follow, Objects.block, "ana"),
    "invite, attendee removed": (Objects.invite, Objects.remove_attendee, "cyd"),
    "invite, block with the creator": (Objects.invite, Objects.end_by_block, "cyd"),
}


@pytest.fixture
async def objects(setup: NotificationSetup) -> Objects:
    post_id = await setup.posts.create(NewPostRecord(setup.ana, "a post"), None)
    return Objects(setup, post_id, await setup.create_event(setup.ana))


@pytest.mark.parametrize("case", CASES)
async def test_notification_of_what_is_gone_is_withdrawn(objects: Objects, case: str) -> None:
    """It is pushed as read with the unread count; handling the events again does not restore it."""
    setup, (create, end, recipient) = objects.setup, CASES[case]
    user_id: str = getattr(setup, recipient)
    await create(objects)
    await setup.catch_up()
    await setup.pusher.push_undelivered()
    (notification,) = await setup.list_notifications(user_id)
    await end(objects)
    await setup.catch_up()
    await setup.pusher.push_undelivered()

    assert await setup.list_notifications(user_id) == []
    assert await setup.notifications.count_unread(user_id) == 0
    created, read = await setup.pushed_frames(user_id)
    assert isinstance(created, NotificationCreated)
    assert isinstance(read, NotificationRead)
    assert (created.unread_count, read.ids, read.unread_count) == (1, [notification.id], 0)
    assert read.withdrawn
    await setup.replay_all()
    assert await setup.list_notifications(user_id) == []


async def test_notifications_of_a_restored_comment_come_back(
    setup: NotificationSetup, objects: Objects
) -> None:
    """And those of replies to it, each to who had it before."""
    await objects.reply()
    await setup.catch_up()
    before = {user_id: await setup.list_messages(user_id) for user_id in (setup.ana, setup.ben)}
    assert all(before.values())
    await objects.hide_parent()
    await setup.catch_up()
    for user_id in before:
        assert await setup.list_messages(user_id) == []
    await objects.set_parent_hidden(hidden=False)
    await setup.catch_up()
    assert {user_id: await setup.list_messages(user_id) for user_id in before} == before


async def test_one_of_a_group_is_withdrawn(setup: NotificationSetup, objects: Objects) -> None:
    """The rest stays, with the name of the latest other user, and is pushed again."""
    dan = setup.user_source.add_user("dan", "Dan")
    for user_id in (setup.cyd, dan, setup.ben):
        await setup.reactions.like(objects.post_id, user_id)
    await setup.catch_up()
    await setup.pusher.push_undelivered()
    await objects.unlike()
    await setup.catch_up()
    assert await setup.list_messages(setup.ana) == [("LIKE", "Dan and 1 more liked your post", 2)]
    await setup.pusher.push_undelivered()
    await setup.social.block(setup.cyd, setup.ana)
    await setup.catch_up()
    assert await setup.list_messages(setup.ana) == [("LIKE", "Dan liked your post", 1)]
    await setup.pusher.push_undelivered()

    frames = await setup.pushed_frames(setup.ana)
    assert [
        (frame.notification.count, frame.unread_count)
        for frame in frames
        if isinstance(frame, NotificationCreated)
    ] == [
        (3, 1),
        (2, 1),
        (1, 1),
    ]
    assert (
        await PostgresCountAudit(setup.databases["notifications"].pool, "notifications").count_mismatches()
        == 0
    )
    await objects.like()
    await setup.catch_up()
    assert await setup.list_messages(setup.ana) == [("LIKE", "@ben and 1 more liked your post", 2)]


async def test_group_that_was_read_stays_read(setup: NotificationSetup, objects: Objects) -> None:
    """One of it is withdrawn without a new push."""
    for user_id in (setup.cyd, setup.ben):
        await setup.reactions.like(objects.post_id, user_id)
    await setup.catch_up()
    await setup.notifications.mark_all_read(setup.ana)
    await objects.unlike()
    await setup.catch_up()

    (notification,) = await setup.list_notifications(setup.ana)
    assert (notification.message, notification.count, notification.is_read) == (
        "Cyd liked your post",
        1,
        True,
    )
    assert await setup.pusher.push_undelivered() == 0


async def test_cancelled_event_notifies_instead_of_what_was_before(
    setup: NotificationSetup, objects: Objects
) -> None:
    """All who responded or were invited, once; earlier notifications of the event lead nowhere."""
    await setup.rsvps.set_rsvp(objects.event_id, setup.ben, "MAYBE", waitlist=False)
    await objects.invite()
    await setup.catch_up()
    await setup.events.delete(objects.event_id, setup.ana)
    await setup.catch_up()

    for user_id in (setup.ben, setup.cyd):
        (notification,) = await setup.list_notifications(user_id)
        assert (notification.type, notification.message) == ("EVENT_UPDATE", "Boules was cancelled")
        assert notification.sender is not None
        assert (notification.sender.id, notification.reference_id) == (setup.ana, objects.event_id)
    await setup.replay_all()
    assert [len(await setup.list_notifications(user_id)) for user_id in (setup.ben, setup.cyd)] == [1, 1]
    assert await setup.list_notifications(setup.ana) == []


async def test_notification_stored_after_the_block_was_handled_is_removed(
    setup: NotificationSetup, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reader of likes may have looked for blocks before there was one."""
    add = setup.store.add

    async def add_after_block(*arguments: object) -> None:
        monkeypatch.setattr(setup.store, "add", add)
        await objects.block()
        await setup.catch_up("social")
        await add(*arguments)  # type: ignore[arg-type]

    await objects.like()
    monkeypatch.setattr(setup.store, "add", add_after_block)
    await setup.catch_up("posts")

    assert await setup.notifications.count_unread(setup.ana) == 0


async def test_permanent_source_does_not_notify_later(setup: NotificationSetup) -> None:
    """A message may be deleted before its mentions are stored."""
    assert await setup.store.withdraw([NotificationSource(setup.ana, "FOLLOW:x:")], permanent=True) == {}
    await setup.store.withdraw([NotificationSource(setup.ana, f"FOLLOW:{setup.ben}:")], permanent=True)
    await setup.social.follow(setup.ben, setup.ana)
    await setup.catch_up()
    assert await setup.list_notifications(setup.ana) == []
