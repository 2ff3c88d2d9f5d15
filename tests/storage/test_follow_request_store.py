"""Contract of `FollowRequestStore`, and of follows of private accounts."""

import asyncio
import contextlib
from collections.abc import Awaitable

import pytest

from storage.contracts.follow_requests import AccountPrivacyChange
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.social import SocialStats
from storage.errors import Conflict
from storage.postgres import follow_requests as postgres_follow_requests
from storage.postgres.follow_requests import PostgresFollowRequests
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import ServiceDatabase, random_id, sorted_random_ids

INSERT_OF_EARLIER_VERSIONS = """
    INSERT INTO follows (follower_id, following_id) VALUES ($1, $2)
    ON CONFLICT (follower_id, following_id) DO NOTHING RETURNING id
"""


@pytest.fixture
def requests(social_database: ServiceDatabase) -> PostgresFollowRequests:
    instance = social_database.instance_a
    return PostgresFollowRequests(instance.pool, instance.cursors)


async def set_private(
    requests: PostgresFollowRequests, user_id: str, *, private: bool | None, version: int = 1
) -> None:
    await requests.set_private([AccountPrivacyChange(user_id, private, version)], None)


async def requester_ids(requests: PostgresFollowRequests, user_id: str) -> list[str]:
    return [record.user.id for record in await requests.page(user_id, None, 100)]


async def test_a_follow_of_a_private_account_is_a_request(
    requests: PostgresFollowRequests, social: PostgresSocial, social_database: ServiceDatabase
) -> None:
    """It is not counted, and becomes a follow once; also for instances of earlier versions."""
    ana, ben, cyd = sorted_random_ids(3)
    await set_private(requests, ana, private=True)
    assert not await social.follow(ben, ana)
    assert await social_database.sql.fetchval(INSERT_OF_EARLIER_VERSIONS, cyd, ana) is None
    assert await requester_ids(requests, ana) == [cyd, ben]
    assert await requests.requests_among([(ben, ana), (ana, ben)]) == {(ben, ana)}
    assert await social.stats(ana) == SocialStats()
    assert await requests.accept(ana, ben)
    assert not await requests.accept(ana, ben)
    assert not await social.follow(ben, ana)
    assert await social.stats(ana) == SocialStats(followers_count=1)
    assert await requester_ids(requests, ana) == [cyd]
    assert await requests.decline(ana, cyd)
    assert not await requests.decline(ana, cyd)
    assert not await requests.accept(ana, cyd)
    assert await social.stats(ana) == SocialStats(followers_count=1)


async def test_requests_are_paged_and_accepted_together(
    requests: PostgresFollowRequests, social: PostgresSocial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest first; `accept_all` works in batches."""
    monkeypatch.setattr(postgres_follow_requests, "ACCEPT_BATCH_ROWS", 2)
    ana, *others = sorted_random_ids(6)
    await set_private(requests, ana, private=True)
    for other in others:
        await social.follow(other, ana)
    seen: list[str] = []
    before: PageKey | None = None
    while page := await requests.page(ana, before, 2):
        seen += [record.user.id for record in page]
        before = to_microseconds(page[-1].created_at), page[-1].user.id
    assert seen == others[::-1]
    await set_private(requests, ana, private=False, version=2)
    assert await requests.public_with_requests([ana, others[0]]) == [ana]
    await requests.accept_all(ana)
    assert await requests.public_with_requests([ana]) == []
    assert await social.stats(ana) == SocialStats(followers_count=5)


async def test_newer_versions_of_the_privacy_win(
    requests: PostgresFollowRequests, social: PostgresSocial, social_database: ServiceDatabase
) -> None:
    """In any order; an account that was never private, and a deleted one, have no row."""
    ana, ben, cyd = sorted_random_ids(3)
    await set_private(requests, ana, private=True, version=3)
    await set_private(requests, ana, private=False, version=2)
    assert not await social.follow(ben, ana)
    changes = [AccountPrivacyChange(ana, False, 5), AccountPrivacyChange(ana, True, 4)]
    await requests.set_private([*changes, AccountPrivacyChange(cyd, False, 9)], None)
    assert await social.follow(ben, ana)
    assert await social_database.sql.fetchval("SELECT count(*) FROM private_accounts") == 1
    assert await requester_ids(requests, ana) == []
    await set_private(requests, ana, private=None, version=6)
    assert await social_database.sql.fetchval("SELECT count(*) FROM private_accounts") == 0


async def test_blocks_and_deletions_end_requests(
    requests: PostgresFollowRequests, social: PostgresSocial
) -> None:
    """In both directions."""
    ana, ben, cyd, dan = sorted_random_ids(4)
    for user_id in (ana, ben, cyd):
        await set_private(requests, user_id, private=True)
    for one, other in ((ana, ben), (ben, ana), (cyd, ana), (ana, cyd), (dan, ana)):
        await social.follow(one, other)
    await social.block(ana, ben)
    assert await requester_ids(requests, ben) == []
    assert await requester_ids(requests, ana) == [dan, cyd]
    await social.remove_user(cyd)
    assert await requester_ids(requests, cyd) == []
    assert await requester_ids(requests, ana) == [dan]


async def test_deletion_waits_for_an_acceptance(
    requests: PostgresFollowRequests, social: PostgresSocial, social_database: ServiceDatabase
) -> None:
    """The follow that a concurrent acceptance makes is deleted too."""
    ana, ben = sorted_random_ids(2)
    await set_private(requests, ana, private=True)
    await social.follow(ben, ana)
    other_connection = await social_database.connection()
    accepting = other_connection.transaction()
    await accepting.start()
    await other_connection.fetch("SELECT follow_requests_accept($1, ARRAY[$2::uuid])", ana, ben)
    deletion = await social_database.start_until_blocked(social.remove_user(ben))
    await accepting.commit()
    await deletion
    assert await social.stats(ana) == SocialStats()
    assert await social_database.sql.fetchval("SELECT count(*) FROM follows") == 0


async def test_requests_and_follows_publish_events(
    requests: PostgresFollowRequests, social: PostgresSocial, social_database: ServiceDatabase
) -> None:
    """One event for each request that begins or ends; a repeated one publishes nothing."""
    ana, ben = sorted_random_ids(2)
    await set_private(requests, ana, private=True)
    for _ in range(2):
        await social.follow(ben, ana)
    for _ in range(2):
        await social.unfollow(ben, ana)
    await social.follow(ben, ana)
    await requests.accept(ana, ben)
    account_event, *rows = await social_database.outbox_rows()
    assert (account_event.type, account_event.payload) == ("account.made_private", {"user_id": ana})
    created, deleted = "follow_request.created", "follow_request.deleted"
    types = [row.type for row in rows]
    assert types[:3] == [created, deleted, created]
    assert sorted(types[3:]) == ["follow.created", deleted]
    assert {row.key for row in rows} == {f"{ben}:{ana}"}


async def test_concurrent_changes_leave_no_request_with_a_follow_or_block(
    requests: PostgresFollowRequests, social: PostgresSocial, social_database: ServiceDatabase
) -> None:
    """Follows, withdrawals, answers, blocks and changes of privacy at the same time; no deadlock either."""
    users = [random_id() for _ in range(4)]
    versions = iter(range(1, 1000))

    async def publish(user_id: str, *, private: bool) -> None:
        await set_private(requests, user_id, private=private, version=next(versions))
        if not private:
            for one in await requests.public_with_requests([user_id]):
                await requests.accept_all(one)

    for round_number in range(12):
        pairs = [(one, other) for one in users for other in users if one != other]
        work = [publish(user_id, private=bool(round_number % 3)) for user_id in users]
        work += [_ignore_blocked(social.follow(one, other)) for one, other in pairs]
        work += [_ignore(requests.accept(one, other)) for one, other in pairs]
        work += [_ignore(social.unfollow(one, other)) for one, other in pairs[round_number::5]]
        if round_number == 7:
            work.append(_ignore(social.block(users[0], users[1])))
        await asyncio.gather(*work)
        assert (
            await social_database.sql.fetchval(
                """
            SELECT count(*) FROM follow_requests AS r
            WHERE r.accepted
                OR EXISTS (
                    SELECT FROM follows WHERE (follower_id, following_id) = (requester_id, requested_id)
                )
                OR EXISTS (
                    SELECT FROM blocks
                    WHERE (requester_id, requested_id) IN (
                        (blocker_id, blocked_id), (blocked_id, blocker_id)
                    )
                )
            """
            )
            == 0
        )
    for user_id in users:
        await publish(user_id, private=False)
    assert await social_database.sql.fetchval("SELECT count(*) FROM follow_requests") == 0


async def _ignore(work: Awaitable[bool]) -> None:
    await work


async def _ignore_blocked(work: Awaitable[bool]) -> None:
    with contextlib.suppress(Conflict):
        await work
