"""Contract of `AudienceStore` and the audit of the Social service."""

import itertools

import pytest

from storage.contracts.domain_events import Cursor, CursorUpdate
from storage.contracts.mutes import MuteScope
from storage.contracts.social import AudienceStore, FanOutState, Followees, PostsCount, SocialStore
from storage.errors import Conflict
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.audit import PostgresSocialAudit
from storage.postgres.mutes import PostgresMutes
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids


@pytest.fixture
def social(social_database: ServiceDatabase) -> SocialStore:
    return PostgresSocial(social_database.instance_a.pool)


@pytest.fixture
def audiences(social_database: ServiceDatabase) -> AudienceStore:
    return PostgresAudiences(social_database.instance_a.pool, social_database.instance_a.cursors)


async def get_posts_count(social: SocialStore, user_id: str) -> int:
    return (await social.stats(user_id)).posts_count


async def test_followees_are_split_by_fan_out(audiences: AudienceStore, social: SocialStore) -> None:
    """Broadcasters are merged at read; a broadcaster stays one when it loses followers."""
    ana, ben, cai = sorted_random_ids(3)
    await social.follow(ana, ben)
    await social.follow(ana, cai)
    assert sorted((await audiences.followees(ana)).fanned_out) == [ben, cai]
    await audiences.set_broadcast(cai)
    await audiences.set_broadcast(cai)
    assert await audiences.followees(ana) == Followees([ben], [cai])
    await social.unfollow(ana, cai)
    assert await audiences.followees(ana) == Followees([ben], [])
    assert await audiences.fan_out_states([ana, ben, cai, random_id()]) == {
        ana: FanOutState(0, broadcast=False),
        ben: FanOutState(1, broadcast=False),
        cai: FanOutState(0, broadcast=True),
    }


async def test_followers_are_listed_in_id_order(audiences: AudienceStore, social: SocialStore) -> None:
    """Paging by id returns each follower once."""
    ana, *fans = sorted_random_ids(8)
    for fan in reversed(fans):
        await social.follow(fan, ana)
    await social.follow(ana, fans[0])
    seen: list[str] = []
    while some := await audiences.followers_after(ana, seen[-1] if seen else "", 3):
        seen += some
    assert seen == fans


async def test_newest_posts_count_wins_in_any_order(audiences: AudienceStore, social: SocialStore) -> None:
    """The event id decides, within one call and across calls."""
    counts = [(1, 11), (2, 12), (1, 13)]
    for order in itertools.permutations(counts):
        ana, ben = sorted_random_ids(2)
        for posts, payload in order:
            await audiences.set_posts_counts([PostsCount(ana, posts, payload)], None)
        await audiences.set_posts_counts([PostsCount(ben, posts, payload) for posts, payload in order], None)
        assert (await get_posts_count(social, ana), await get_posts_count(social, ben)) == (1, 1)


async def test_posts_count_and_follow_counts_share_a_row(
    audiences: AudienceStore, social: SocialStore
) -> None:
    """Whichever is written first, neither overwrites the other."""
    ana, ben = sorted_random_ids(2)
    await audiences.set_posts_counts([PostsCount(ana, 5, 1)], None)
    await social.follow(ana, ben)
    await audiences.set_posts_counts([PostsCount(ben, 7, 2), PostsCount(ana, 6, 3)], None)
    stats = [await social.stats(one) for one in (ana, ben)]
    assert [(one.followers_count, one.following_count, one.posts_count) for one in stats] == [
        (0, 1, 6),
        (1, 0, 7),
    ]


async def test_counts_of_a_restored_feed_are_accepted(audiences: AudienceStore, social: SocialStore) -> None:
    """After a restore event ids are lower, and older counts are replaced."""
    ana = random_id()
    await audiences.set_posts_counts([PostsCount(ana, 9, 1000)], None)
    await audiences.set_posts_counts([PostsCount(ana, 2, 1)], None)
    assert await get_posts_count(social, ana) == 9
    await audiences.reset_posts_count_versions()
    await audiences.set_posts_counts([PostsCount(ana, 2, 1)], None)
    assert await get_posts_count(social, ana) == 2


async def test_counts_and_cursor_are_written_together(
    social_database: ServiceDatabase, audiences: AudienceStore, social: SocialStore
) -> None:
    """An update from another cursor position changes nothing."""
    ana = random_id()
    cursors = social_database.instance_a.cursors
    start, next_ = Cursor("here"), Cursor("here", 5, 50)
    await cursors.create("social.posts", start)
    await audiences.set_posts_counts([PostsCount(ana, 3, 5)], CursorUpdate("social.posts", start, next_))
    with pytest.raises(Conflict, match="cursor"):
        await audiences.set_posts_counts([PostsCount(ana, 4, 6)], CursorUpdate("social.posts", start, next_))
    assert (await get_posts_count(social, ana), await cursors.get("social.posts")) == (3, next_)
    await audiences.set_posts_counts([], CursorUpdate("social.posts", next_, start))
    assert await cursors.get("social.posts") == start


async def test_audit_finds_wrong_counts_and_pages_posts_counts(
    social_database: ServiceDatabase, audiences: AudienceStore, social: SocialStore
) -> None:
    """A manually changed count is found; users are listed in id order."""
    ana, ben, cai = sorted_random_ids(3)
    await social.follow(ana, ben)
    await audiences.set_posts_counts([PostsCount(one, 1, 1) for one in (cai, ana)], None)
    audit = PostgresSocialAudit(social_database.instance_a.pool)
    assert await audit.count_mismatches() == 0
    assert [one.user_id for one in await audit.page_posts_counts("", 10)] == [ana, cai]
    assert [one.user_id for one in await audit.page_posts_counts(ana, 1)] == [cai]
    await social_database.sql.execute("UPDATE user_social_stats SET followers_count = followers_count + 1")
    assert await audit.count_mismatches() == 3


async def test_hidden_authors_are_blocked_or_muted(
    social_database: ServiceDatabase, audiences: AudienceStore, social: SocialStore
) -> None:
    """Blocks count in both directions, mutes of posts for the muter alone."""
    ana, ben, cyd, dan, eve = sorted_random_ids(5)
    mutes = PostgresMutes(social_database.instance_a.pool)
    await social.block(ana, ben)
    await social.block(cyd, ana)
    await mutes.mute(ana, dan, MuteScope())
    await mutes.mute(ana, cyd, MuteScope())
    await mutes.mute(ana, eve, MuteScope(posts=False))
    await mutes.mute(eve, ana, MuteScope())
    assert sorted(await audiences.excluded_authors(ana)) == [ben, cyd, dan]
    assert await audiences.excluded_authors(ben) == [ana]
    assert await audiences.excluded_authors(dan) == []
    assert await audiences.excluded_authors("no id") == []
