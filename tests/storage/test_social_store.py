"""Contract of `SocialStore`."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.social import FollowRecord, SocialStats, SocialStore
from storage.errors import Conflict
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids

List = Callable[[str, PageKey | None, Sequence[str], int], Awaitable[list[FollowRecord]]]


@pytest.fixture
def social(social_database: ServiceDatabase) -> SocialStore:
    return PostgresSocial(social_database.instance_a.pool)


def page_key(record: FollowRecord) -> PageKey:
    return to_microseconds(record.created_at), record.id


async def list_user_ids(
    page: List, user_id: str, limit: int = 100, excluded_user_ids: Sequence[str] = ()
) -> list[str]:
    """Return all users of a list, page by page."""
    seen: list[str] = []
    before: PageKey | None = None
    while some := await page(user_id, before, excluded_user_ids, limit):
        assert len(some) <= limit
        seen += [one.user.id for one in some]
        before = page_key(some[-1])
    return seen


async def test_follow_and_unfollow_are_idempotent(social: SocialStore) -> None:
    """The first call is new, the second changes nothing; following again is new."""
    ana, ben = sorted_random_ids(2)
    for _ in range(2):
        assert await social.follow(ana, ben)
        assert not await social.follow(ana, ben)
        assert await social.stats(ana) == SocialStats(following_count=1)
        assert await social.stats(ben) == SocialStats(followers_count=1)
        assert await social.unfollow(ana, ben)
        assert not await social.unfollow(ana, ben)
        assert await social.stats(ana) == await social.stats(ben) == SocialStats()


async def test_block_and_unblock_are_idempotent(social: SocialStore) -> None:
    """The first call is new, the second changes nothing; each side has its own block."""
    ana, ben = sorted_random_ids(2)
    for blocker, blocked in ((ana, ben), (ben, ana)):
        assert await social.block(blocker, blocked)
        assert not await social.block(blocker, blocked)
    assert await social.blocks([ana, ben]) == {ana: [ben], ben: [ana]}
    assert await social.unblock(ana, ben)
    assert not await social.unblock(ana, ben)
    assert await social.blocks([ana, ben]) == {ana: [ben], ben: [ana]}
    assert await social.unblock(ben, ana)
    assert await social.blocks([ana, ben]) == {}


async def test_users_cannot_follow_or_block_themselves(social: SocialStore) -> None:
    """A check rejects it and is named."""
    ana = random_id()
    with pytest.raises(Conflict, match="follows_not_self"):
        await social.follow(ana, ana)
    with pytest.raises(Conflict, match="blocks_not_self"):
        await social.block(ana, ana)
    assert await social.stats(ana) == SocialStats()


async def test_block_prevents_follows_in_both_directions(social: SocialStore) -> None:
    """After both blocks are deleted follows are possible again; old ones are not restored."""
    ana, ben = sorted_random_ids(2)
    await social.block(ana, ben)
    await social.block(ben, ana)
    await social.unblock(ana, ben)
    for follower, followed in ((ana, ben), (ben, ana)):
        with pytest.raises(Conflict, match="follows_blocked"):
            await social.follow(follower, followed)
    await social.unblock(ben, ana)
    assert await social.stats(ana) == await social.stats(ben) == SocialStats()
    assert await social.follow(ana, ben)


async def test_block_deletes_follows_in_both_directions(
    social_database: ServiceDatabase, social: SocialStore
) -> None:
    """Counts are updated and events published; follows of other users stay."""
    ana, ben, cai = sorted_random_ids(3)
    for follower, followed in ((ana, ben), (ben, ana), (ana, cai), (cai, ben)):
        await social.follow(follower, followed)
    await social.block(ben, ana)
    assert await social.stats(ana) == SocialStats(following_count=1)
    assert await social.stats(ben) == SocialStats(followers_count=1)
    assert await social.stats(cai) == SocialStats(followers_count=1, following_count=1)
    ended = {one.key for one in await social_database.outbox_rows("follow.deleted")}
    assert ended == {f"{ana}:{ben}", f"{ben}:{ana}"}
    (received,) = await social_database.outbox_rows("block.created")
    assert (received.key, received.payload) == (f"{ben}:{ana}", {"blocker_id": ben, "blocked_id": ana})


async def test_each_change_is_published_once(social_database: ServiceDatabase, social: SocialStore) -> None:
    """Calls without effect publish nothing."""
    ana, ben = sorted_random_ids(2)
    for act in (social.follow, social.unfollow, social.block, social.unblock):
        await act(ana, ben)
        await act(ana, ben)
    types = [one.type for one in await social_database.outbox_rows()]
    assert types == ["follow.created", "follow.deleted", "block.created", "block.deleted"]


async def test_lists_are_paged_by_key_and_stable_under_inserts(
    social_database: ServiceDatabase, social: SocialStore
) -> None:
    """Newest first, also with equal times; new followers shift no page."""
    ana, *fans = sorted_random_ids(8)
    await social_database.cache_users(*fans)
    for fan in fans[:6]:
        await social.follow(fan, ana)
        await social.follow(ana, fan)
    await social_database.sql.execute("UPDATE follows SET created_at = '2026-01-01 00:00:00.000001Z'")
    await social.follow(fans[6], ana)
    await social_database.sql.execute(
        "UPDATE follows SET created_at = '2026-01-01 00:00:00.000002Z' WHERE follower_id = $1", fans[6]
    )
    whole = await list_user_ids(social.followers, ana)
    assert sorted(whole) == sorted(fans)
    assert whole[0] == fans[6]
    assert len(await list_user_ids(social.following, ana)) == 6
    assert await list_user_ids(social.followers, ana, 2) == whole
    assert await list_user_ids(social.following, ana, 1) == await list_user_ids(social.following, ana)

    first = await social.followers(ana, None, (), 3)
    await social.follow(random_id(), ana)
    await social.unfollow(whole[2], ana)
    rest = await social.followers(ana, page_key(first[-1]), (), 100)
    assert [one.user.id for one in (*first, *rest)] == whole


async def test_lists_omit_excluded_and_deleted_users(
    social_database: ServiceDatabase, social: SocialStore
) -> None:
    """Pages are still full; uncached users are included and marked."""
    ana, hidden, gone, new, *known = sorted_random_ids(7)
    await social_database.cache_users(hidden, *known)
    for other in (known[0], hidden, known[1], gone, new, known[2]):
        await social.follow(other, ana)
        await social.follow(ana, other)
    await social_database.cache_users(gone, deleted=True)
    for page in (social.followers, social.following):
        shown = await page(ana, None, [hidden], 4)
        assert [one.user.id for one in shown] == [known[2], new, known[1], known[0]]
        cards = {one.user.id: one.user for one in shown}
        assert not cards[new].is_cached
        assert cards[new].username == ""
        assert all(cards[one].is_cached and cards[one].username == f"u{one[:8]}" for one in known)


async def test_blocks_returns_many_users_at_once(social: SocialStore) -> None:
    """In either direction; users without blocks and unknown users are absent."""
    ana, ben, cai, dan = sorted_random_ids(4)
    await social.block(ana, ben)
    await social.block(cai, ana)
    found = await social.blocks([ana, ben, dan, "no id"])
    assert {user: sorted(others) for user, others in found.items()} == {ana: [ben, cai], ben: [ana]}
    assert await social.blocks([]) == {}


async def test_followed_among_returns_a_subset(social: SocialStore) -> None:
    """Only users asked for, and only that direction."""
    ana, ben, cai, dan = sorted_random_ids(4)
    await social.follow(ana, ben)
    await social.follow(ana, cai)
    await social.follow(dan, ana)
    assert await social.followed_among(ana, [ben, dan, "no id"]) == {ben}
    assert await social.followed_among(ana, []) == set()


async def test_remove_user_deletes_all_rows_and_updates_counts(
    social_database: ServiceDatabase, social: SocialStore
) -> None:
    """Follows and blocks in both directions and the counts; idempotent."""
    ana, ben, cai, dan = sorted_random_ids(4)
    for follower, followed in ((ana, ben), (ben, ana), (cai, ben), (ben, cai)):
        await social.follow(follower, followed)
    await social.block(ben, dan)
    for _ in range(2):
        await social.remove_user(ben)
        assert await social.stats(ana) == await social.stats(cai) == SocialStats()
        assert await social.blocks([ben, dan]) == {}
        assert await list_user_ids(social.followers, ben) == await list_user_ids(social.following, ben) == []
        kept = "SELECT count(*) FROM user_social_stats WHERE user_id = $1"
        assert await social_database.sql.fetchval(kept, ben) == 0
    assert len(await social_database.outbox_rows("follow.deleted")) == 4


@pytest.mark.parametrize("bad", ["", "no id", "{00000000-0000-0000-0000-000000000000}"])
async def test_malformed_id_matches_no_user(social: SocialStore, bad: str) -> None:
    """It is found nowhere and changes nothing."""
    ana = random_id()
    assert await social.stats(bad) == SocialStats()
    assert await social.followers(bad, None, (), 10) == []
    assert not await social.unfollow(ana, bad)
    assert not await social.unblock(bad, ana)
    for act in (social.follow, social.block):
        with pytest.raises(Conflict):
            await act(ana, bad)
    assert await social.stats(ana) == SocialStats()
