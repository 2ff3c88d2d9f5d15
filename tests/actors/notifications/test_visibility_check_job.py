"""Notifications about posts that are no longer visible are withdrawn page by page, also after a restart."""

from collections.abc import Mapping, Sequence

import pytest

from actors.notifications import visibility_checks
from actors.notifications.visibility_checks import VisibilityCheckConsumer, VisibilityCheckJob
from actors.protocol.server_frames import NotificationRead
from storage.contracts.events import EventChange
from storage.contracts.follow_requests import AccountPrivacyChange
from storage.contracts.paging import PageKey
from storage.contracts.posts import FOLLOWERS, NewPostRecord, PostRecord, TextReferences
from storage.contracts.visibility_checks import CheckKind
from storage.errors import Unavailable
from storage.postgres.event_blocks import PostgresEventBlocks
from storage.postgres.posts import PostgresPosts
from storage.postgres.visibility_checks import PostgresVisibilityChecks
from tests.actors.domain_events.reader_fixtures import UncontendedLocks, catch_up, make_reader
from tests.actors.notifications.notification_setup import NotificationSetup
from tests.until import until

POSTS = 5


class CountedPosts(PostgresPosts):
    """Records the pages that are read; fails after `reads_left`."""

    def __init__(self, setup: NotificationSetup, reads_left: int = 1000) -> None:
        database = setup.databases["posts"]
        super().__init__(database.pool, database.idempotency_keys)
        self.reads_left = reads_left
        self.pages: list[list[str]] = []

    async def by_author(
        self,
        author_id: str,
        before: PageKey | None,
        viewer_id: str,
        visibilities: Sequence[str],
        limit: int,
        *,
        with_reposts: bool = True,
    ) -> list[PostRecord]:
        if not self.reads_left:
            raise Unavailable
        self.reads_left -= 1
        posts = await super().by_author(
            author_id, before, viewer_id, visibilities, limit, with_reposts=with_reposts
        )
        self.pages.append([post.id for post in posts])
        return posts


class OtherInstanceLocks(UncontendedLocks):
    """Another instance holds every lock."""

    async def try_acquire(self, name: str) -> bool:
        return False


@pytest.fixture(autouse=True)
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visibility_checks, "POSTS_PER_STEP", 2)
    monkeypatch.setattr(visibility_checks, "NOTIFICATIONS_PER_READ", 2)


@pytest.fixture
def checks(setup: NotificationSetup) -> PostgresVisibilityChecks:
    database = setup.databases["notifications"]
    return PostgresVisibilityChecks(database.pool, database.cursors)


def make_job(
    setup: NotificationSetup, checks: PostgresVisibilityChecks, posts: PostgresPosts | None = None
) -> VisibilityCheckJob:
    return VisibilityCheckJob(
        checks,
        UncontendedLocks(),
        setup.store,
        setup.notifications,
        posts or setup.posts,
        setup.post_visibility,
        setup.events,
    )


async def handle_events(setup: NotificationSetup, checks: PostgresVisibilityChecks) -> int:
    """Let the consumer read the Social service's events; return how often it woke the job."""
    wakes: list[None] = []
    consumer = VisibilityCheckConsumer(checks, lambda: wakes.append(None))
    social, notifications = setup.databases["social"], setup.databases["notifications"]
    await catch_up(make_reader(consumer, social, notifications), social, notifications)
    return len(wakes)


async def mention_in_posts(setup: NotificationSetup, visibility: str = "public") -> list[str]:
    """Ana mentions Ben and Cyd in posts. Returns the posts, the newest first."""
    mentioned = TextReferences((setup.ben, setup.cyd))
    posts = [
        await setup.posts.create(
            NewPostRecord(setup.ana, "hello", references=mentioned, visibility=visibility), None
        )
        for _ in range(POSTS)
    ]
    await setup.catch_up()
    return posts[::-1]


async def make_private(setup: NotificationSetup, user_id: str) -> None:
    await setup.follow_requests.set_private([AccountPrivacyChange(user_id, True, 1)], None)


async def unread(setup: NotificationSetup) -> Mapping[str, int]:
    return await setup.store.unread_counts([setup.ana, setup.ben, setup.cyd])


async def test_job_continues_where_another_instance_stopped(
    setup: NotificationSetup, checks: PostgresVisibilityChecks
) -> None:
    """The consumer reads no posts; each step reads one page; followers keep their notifications."""
    await setup.social.follow(setup.cyd, setup.ana)
    posts = await mention_in_posts(setup)
    await setup.reactions.like(posts[0], setup.ben)
    await setup.catch_up()
    await make_private(setup, setup.ana)
    assert await handle_events(setup, checks) == 1
    assert await unread(setup) == {setup.ana: 2, setup.ben: POSTS, setup.cyd: POSTS}
    stopping = CountedPosts(setup, reads_left=1)
    with pytest.raises(Unavailable):
        await make_job(setup, checks, stopping).run()
    assert stopping.pages == [posts[:2]]
    assert await unread(setup) == {setup.ana: 2, setup.ben: POSTS - 2, setup.cyd: POSTS}
    continuing = CountedPosts(setup)
    await make_job(setup, checks, continuing).run()
    assert continuing.pages == [posts[2:4], posts[4:]]
    assert await unread(setup) == {setup.ana: 2, setup.cyd: POSTS}
    frames = await setup.pushed_frames(setup.ben)
    assert [frame.unread_count for frame in frames if isinstance(frame, NotificationRead)][-1] == 0
    await make_job(setup, checks, continuing).run()
    assert len(continuing.pages) == 2


async def test_unfollowing_withdraws_page_by_page(
    setup: NotificationSetup, checks: PostgresVisibilityChecks
) -> None:
    """What was for followers; what everyone sees stays."""
    for user_id in (setup.ben, setup.cyd):
        await setup.social.follow(user_id, setup.ana)
    await mention_in_posts(setup, FOLLOWERS)
    await mention_in_posts(setup)
    await setup.social.unfollow(setup.ben, setup.ana)
    await handle_events(setup, checks)
    await make_job(setup, checks).run()
    assert (await unread(setup))[setup.ben] == POSTS
    assert (await unread(setup))[setup.cyd] == 2 * POSTS
    assert len(await setup.list_notifications(setup.ben)) == POSTS


async def test_private_again_compares_from_the_start(
    setup: NotificationSetup, checks: PostgresVisibilityChecks
) -> None:
    """Notifications of posts that were written in between are withdrawn too."""
    older = await mention_in_posts(setup)
    await make_private(setup, setup.ana)
    await handle_events(setup, checks)
    with pytest.raises(Unavailable):
        await make_job(setup, checks, CountedPosts(setup, reads_left=2)).run()
    await setup.follow_requests.set_private([AccountPrivacyChange(setup.ana, False, 2)], None)
    newer = await mention_in_posts(setup)
    await setup.follow_requests.set_private([AccountPrivacyChange(setup.ana, True, 3)], None)
    await handle_events(setup, checks)
    posts = CountedPosts(setup)
    await make_job(setup, checks, posts).run()
    assert [post_id for page in posts.pages for post_id in page] == newer + older
    assert setup.ben not in await unread(setup)


async def test_one_instance_compares(setup: NotificationSetup, checks: PostgresVisibilityChecks) -> None:
    """Another one takes no step while it holds the lock."""
    await mention_in_posts(setup)
    await make_private(setup, setup.ana)
    await handle_events(setup, checks)
    posts = CountedPosts(setup)
    await VisibilityCheckJob(
        checks,
        OtherInstanceLocks(),
        setup.store,
        setup.notifications,
        posts,
        setup.post_visibility,
        setup.events,
    ).run()
    assert posts.pages == []
    job = make_job(setup, checks, posts)
    job.start()
    await until(lambda: len(posts.pages) == POSTS // 2 + 1)
    await job.close()


async def test_block_withdraws_notifications_about_events_of_the_other(
    setup: NotificationSetup, checks: PostgresVisibilityChecks
) -> None:
    """Also those that others have caused, about events that the user holds nothing of."""
    event_id = await setup.create_event(setup.ana)
    await setup.hosts.add_host(event_id, setup.cyd)
    await setup.rsvps.set_rsvp(event_id, setup.ben, "GOING", waitlist=False)
    await setup.events.change(event_id, EventChange(title="Dinner"))
    await setup.catch_up()
    await setup.rsvps.delete_rsvp(event_id, setup.ben)
    await setup.catch_up()
    assert await setup.list_messages(setup.ben) == [("EVENT_UPDATE", "Ana updated Dinner", 1)]
    blocks = PostgresEventBlocks(setup.databases["events"].pool)
    await blocks.set_blocks([(setup.ben, setup.cyd)], [])
    await checks.add([(CheckKind.RECIPIENT, setup.ben)], None)
    await make_job(setup, checks).run()
    assert await setup.list_messages(setup.ben) == []
