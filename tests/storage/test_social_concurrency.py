"""Follows and blocks under concurrency."""

import asyncio
import contextlib
import random

import pytest

from storage.contracts.follow_requests import AccountPrivacyChange
from storage.contracts.mutes import MuteScope
from storage.contracts.social import SocialStats
from storage.errors import Conflict, Unavailable
from storage.postgres.audit import PostgresSocialAudit
from storage.postgres.follow_requests import PostgresFollowRequests
from storage.postgres.mutes import PostgresMutes
from storage.postgres.social import PostgresSocial
from storage.postgres.statement import load_statement
from storage.postgres.suggestions import PostgresSuggestions
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids

FOLLOW = "SELECT follow_add($1, $2, 10, 10)"
UNFOLLOW = "SELECT follow_remove($1, $2)"
BLOCK = load_statement("social", "social", "block_insert").text
FORGET = load_statement("social", "social", "user_data_delete").text
FORGET_REQUESTS = load_statement("social", "social", "user_requests_delete").text
LOCK_USER = load_statement("user_cache", "user_cache", "user_writers_wait").text
FORGET_STATS = load_statement("social", "social", "stats_delete").text
LOCK_COUNTS = "SELECT FROM user_social_stats WHERE user_id = $1 FOR UPDATE"
FOLLOW_AND_BLOCK_PAIRS = """
    SELECT count(*) FROM follows AS f INNER JOIN blocks AS b
    ON (b.blocker_id, b.blocked_id) IN ((f.follower_id, f.following_id), (f.following_id, f.follower_id))
"""


async def count_mismatches(database: ServiceDatabase) -> int:
    return await PostgresSocialAudit(database.instance_a.pool).count_mismatches()


async def test_counts_equal_rows_after_concurrent_writers(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """50 writers on two instances follow and unfollow the same users and each other."""
    other = PostgresSocial((await social_database.instance()).pool)
    people = sorted_random_ids(8)

    async def write(number: int) -> None:
        rng = random.Random(number)
        store = (social, other)[number % 2]
        own = random_id()
        for _ in range(12):
            one, two = rng.sample([*people, own], 2)
            await (store.follow if rng.random() < 0.6 else store.unfollow)(one, two)

    await asyncio.gather(*(write(number) for number in range(50)))
    assert await social_database.sql.fetchval("SELECT count(*) FROM follows") > 20
    assert await count_mismatches(social_database) == 0


async def test_counts_equal_rows_under_blocks_and_deletions(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """Follows ended by blocks and deleted accounts are subtracted."""
    people = sorted_random_ids(6)

    async def write(number: int) -> None:
        rng = random.Random(number)
        for _ in range(12):
            one, two = rng.sample(people, 2)
            act = rng.choice([social.follow, social.follow, social.unfollow, social.block, social.unblock])
            with contextlib.suppress(Conflict):
                await act(one, two)

    async def forget(user_id: str) -> None:
        # It takes many rows in any order, so it may lose a deadlock; it is repeatable for that.
        for _ in range(20):
            with contextlib.suppress(Unavailable):
                return await social.remove_user(user_id)
        pytest.fail("it lost twenty deadlocks")

    await asyncio.gather(*(write(number) for number in range(30)), *(forget(one) for one in people[:2]))
    assert await count_mismatches(social_database) == 0
    assert await social_database.sql.fetchval(FOLLOW_AND_BLOCK_PAIRS) == 0


async def test_concurrent_follow_and_block_leave_only_the_block(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """In either direction; the follow is rejected or deleted."""
    pairs = [(random_id(), random_id()) for _ in range(40)]
    outcomes = await asyncio.gather(
        *(
            act(*pair)
            for one, two in pairs
            for act, pair in ((social.follow, (one, two)), (social.block, (two, one)))
        ),
        return_exceptions=True,
    )
    assert {str(one) for one in outcomes if isinstance(one, Exception)} <= {"follows_blocked"}
    assert outcomes[1::2] == [True] * len(pairs)
    assert await social_database.sql.fetchval("SELECT count(*) FROM follows") == 0
    assert await count_mismatches(social_database) == 0


async def test_block_waits_for_a_concurrent_follow_and_deletes_it(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """No follow stays."""
    ana, ben = sorted_random_ids(2)
    other_connection = await social_database.connection()
    following = other_connection.transaction()
    await following.start()
    await other_connection.execute(FOLLOW, ana, ben)
    block = await social_database.start_until_blocked(social.block(ben, ana))
    await following.commit()
    assert await block
    assert await social.stats(ana) == await social.stats(ben) == SocialStats()
    assert await social_database.sql.fetchval("SELECT count(*) FROM follows") == 0


@pytest.mark.parametrize("ends_well", [True, False])
async def test_follow_waits_for_a_concurrent_block(
    social_database: ServiceDatabase, social: PostgresSocial, ends_well: bool
) -> None:
    """Rejected if the block commits, new if it rolls back."""
    ana, ben = sorted_random_ids(2)
    other_connection = await social_database.connection()
    blocking = other_connection.transaction()
    await blocking.start()
    await other_connection.execute(BLOCK, ben, ana)
    follow = await social_database.start_until_blocked(social.follow(ana, ben))
    if ends_well:
        await blocking.commit()
        with pytest.raises(Conflict, match="follows_blocked"):
            await follow
    else:
        await blocking.rollback()
        assert await follow
    assert await social_database.sql.fetchval(FOLLOW_AND_BLOCK_PAIRS) == 0
    assert await count_mismatches(social_database) == 0


async def test_follow_waits_for_a_concurrent_unfollow(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """It is new and counted once."""
    ana, ben = sorted_random_ids(2)
    await social.follow(ana, ben)
    other_connection = await social_database.connection()
    ending = other_connection.transaction()
    await ending.start()
    await other_connection.execute(UNFOLLOW, ana, ben)
    follow = await social_database.start_until_blocked(social.follow(ana, ben))
    await ending.commit()
    assert await follow
    assert await social.stats(ben) == SocialStats(followers_count=1)
    assert await count_mismatches(social_database) == 0


async def test_unfollow_waits_for_a_concurrent_follow(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """It then ends the follow."""
    ana, ben = sorted_random_ids(2)
    other_connection = await social_database.connection()
    following = other_connection.transaction()
    await following.start()
    await other_connection.execute(FOLLOW, ana, ben)
    unfollow = await social_database.start_until_blocked(social.unfollow(ana, ben))
    await following.commit()
    assert await unfollow
    assert await social.stats(ben) == SocialStats()
    assert await count_mismatches(social_database) == 0


async def test_concurrent_unfollows_subtract_once(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """The second waits, finds nothing and returns False."""
    ana, ben = sorted_random_ids(2)
    await social.follow(ana, ben)
    other_connection = await social_database.connection()
    ending = other_connection.transaction()
    await ending.start()
    await other_connection.execute(UNFOLLOW, ana, ben)
    second = await social_database.start_until_blocked(social.unfollow(ana, ben))
    await ending.commit()
    assert not await second
    assert await social.stats(ben) == SocialStats()
    assert await count_mismatches(social_database) == 0


@pytest.mark.parametrize("act", ["follow", "unfollow"])
async def test_counts_are_locked_in_id_order(
    social_database: ServiceDatabase, social: PostgresSocial, act: str
) -> None:
    """A statement that waits for the first row holds no other, so two do not deadlock."""
    low, high = sorted_random_ids(2)
    for one, two in ((low, high), (high, low)):
        await social.follow(one, two)
        if act == "follow":
            await social.unfollow(one, two)
    other_connection = await social_database.connection()
    for one, two in ((low, high), (high, low)):
        async with other_connection.transaction():
            await other_connection.execute(LOCK_COUNTS, low)
            work = social.follow(one, two) if act == "follow" else social.unfollow(one, two)
            waiting = await social_database.start_until_blocked(work)
            await other_connection.execute(f"{LOCK_COUNTS} NOWAIT", high)
        assert await waiting
    assert await count_mismatches(social_database) == 0


async def test_follow_during_remove_user_is_counted(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """A follow between the two statements of `remove_user` keeps its count and can be deleted."""
    ana, ben, cai = sorted_random_ids(3)
    await social.follow(ana, ben)
    other_connection = await social_database.connection()
    forgetting = other_connection.transaction()
    await forgetting.start()
    await other_connection.execute(FORGET, cai)
    await social.follow(ben, cai)
    await other_connection.execute(FORGET_STATS, cai)
    await forgetting.commit()
    assert await count_mismatches(social_database) == 0
    assert await social.follow(ana, cai)
    assert await social.unfollow(ben, cai)
    assert await social.unfollow(ana, cai)


@pytest.mark.parametrize("deleted", [0, 1])
async def test_follow_before_a_deletion_is_deleted(
    social_database: ServiceDatabase, social: PostgresSocial, deleted: int
) -> None:
    """The deletion of either user waits for the transaction of the follow."""
    people = sorted_random_ids(2)
    other_connection = await social_database.connection()
    following = other_connection.transaction()
    await following.start()
    await other_connection.execute(FOLLOW, *people)
    await social_database.cache_users(people[deleted], deleted=True)
    deletion = await social_database.start_until_blocked(social.remove_user(people[deleted]))
    await following.commit()
    await deletion
    assert await social_database.sql.fetchval("SELECT count(*) FROM follows") == 0
    assert await social.stats(people[1 - deleted]) == SocialStats()
    assert await count_mismatches(social_database) == 0


async def test_follow_during_a_deletion_is_rejected(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """It waits for the deletion, and sees that the user was deleted."""
    ana, ben = sorted_random_ids(2)
    await social_database.cache_users(ana, ben)
    other_connection = await social_database.connection()
    deleting = other_connection.transaction()
    await deleting.start()
    await other_connection.execute(LOCK_USER, ben)
    follow = await social_database.start_until_blocked(social.follow(ana, ben))
    await social_database.sql.execute("UPDATE user_cache SET deleted = TRUE, version = 3 WHERE id = $1", ben)
    await other_connection.execute(FORGET, ben)
    await deleting.commit()
    with pytest.raises(Conflict, match="users_deleted"):
        await follow
    assert await social_database.sql.fetchval("SELECT count(*) FROM follows") == 0


async def test_deleted_users_get_no_relations(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """Neither follows nor requests, blocks, mutes or dismissals, in either direction."""
    ana, ben = sorted_random_ids(2)
    instance = social_database.instance_a
    requests = PostgresFollowRequests(instance.pool, instance.cursors)
    mutes, suggestions = PostgresMutes(instance.pool), PostgresSuggestions(instance.pool)
    await requests.set_private([AccountPrivacyChange(ben, True, 1)], None)
    await social_database.cache_users(ben, deleted=True)
    await social.remove_user(ben)
    for one, other in ((ana, ben), (ben, ana)):
        for add in (
            social.follow(one, other),
            social.block(one, other),
            mutes.mute(one, other, MuteScope()),
            suggestions.dismiss(one, other),
        ):
            with pytest.raises(Conflict, match="users_deleted"):
                await add
    for table in ("follows", "follow_requests", "blocks", "mutes", "suggestion_dismissals"):
        assert await social_database.sql.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_requests_of_deleted_users_are_not_accepted(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """They are deleted, so that accepting all requests ends."""
    ana, ben, cyd = sorted_random_ids(3)
    instance = social_database.instance_a
    requests = PostgresFollowRequests(instance.pool, instance.cursors)
    await requests.set_private([AccountPrivacyChange(ana, True, 1)], None)
    for requester in (ben, cyd):
        await social.follow(requester, ana)
    await social_database.cache_users(ben, deleted=True)
    await requests.accept_all(ana)
    assert await social.stats(ana) == SocialStats(followers_count=1)
    assert await requests.page(ana, None, 10) == []
    assert not await requests.accept(ana, ben)
    assert await count_mismatches(social_database) == 0


async def test_accepting_waits_for_a_deletion_without_a_deadlock(
    social_database: ServiceDatabase, social: PostgresSocial
) -> None:
    """It holds no lock on the requests meanwhile, which the deletion takes next."""
    ana, ben = sorted_random_ids(2)
    instance = social_database.instance_a
    requests = PostgresFollowRequests(instance.pool, instance.cursors)
    await requests.set_private([AccountPrivacyChange(ana, True, 1)], None)
    await social.follow(ben, ana)
    await social_database.cache_users(ben, deleted=True)
    other_connection = await social_database.connection()
    deleting = other_connection.transaction()
    await deleting.start()
    await other_connection.execute(LOCK_USER, ben)
    accepting = await social_database.start_until_blocked(requests.accept(ana, ben))
    await other_connection.execute(FORGET_REQUESTS, ben)
    await deleting.commit()
    assert not await accepting
    assert await social.stats(ana) == SocialStats()
