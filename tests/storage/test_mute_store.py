"""Contract of `MuteStore`, and what mutes do to the feed's reads of follows."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.contracts.mutes import MuteScope
from storage.contracts.paging import PageKey, to_microseconds
from storage.errors import Conflict
from storage.postgres.audiences import PostgresAudiences
from storage.postgres.mutes import PostgresMutes
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import ServiceDatabase, sorted_random_ids

SOON = timedelta(hours=1)
POSTS = MuteScope(posts=True, notifications=False)
NOTIFICATIONS = MuteScope(posts=False, notifications=True)


@pytest.fixture
def mutes(social_database: ServiceDatabase) -> PostgresMutes:
    return PostgresMutes(social_database.instance_a.pool)


async def expire(database: ServiceDatabase, muter_id: str) -> None:
    await database.sql.execute("UPDATE mutes SET expires_at = now() WHERE muter_id = $1", muter_id)


async def muted_ids(mutes: PostgresMutes, muter_id: str, before: PageKey | None = None) -> list[str]:
    return [record.user.id for record in await mutes.page(muter_id, before, (), 100)]


async def test_mute_replaces_the_scope_and_ends(mutes: PostgresMutes) -> None:
    """A second mute changes the row; an unmute without one has no effect."""
    ana, ben = sorted_random_ids(2)
    end = datetime.now(UTC).replace(microsecond=0) + SOON
    for scope in (MuteScope(), MuteScope(posts=False, expires_at=end), POSTS):
        await mutes.mute(ana, ben, scope)
        assert [record.scope for record in await mutes.page(ana, None, (), 10)] == [scope]
    assert await mutes.unmute(ana, ben)
    assert not await mutes.unmute(ana, ben)
    assert await muted_ids(mutes, ana) == await muted_ids(mutes, ben) == []


async def test_mute_hides_something_and_not_oneself(mutes: PostgresMutes) -> None:
    """The database refuses both."""
    ana, ben = sorted_random_ids(2)
    with pytest.raises(Conflict, match="mutes_not_self"):
        await mutes.mute(ana, ana, MuteScope())
    with pytest.raises(Conflict, match="mutes_something"):
        await mutes.mute(ana, ben, MuteScope(posts=False, notifications=False))


async def test_look_ups_read_their_scope_only(mutes: PostgresMutes) -> None:
    """Of posts and of notifications, in one direction."""
    ana, ben, cai, dan = sorted_random_ids(4)
    await mutes.mute(ana, dan, POSTS)
    await mutes.mute(ben, dan, NOTIFICATIONS)
    await mutes.mute(cai, dan, MuteScope())
    assert await mutes.post_muters_among(dan, [ana, ben, dan, "no id"]) == {ana}
    assert await mutes.post_muters_among(dan, []) == set()
    pairs = [(ana, dan), (ben, dan), (cai, dan), (dan, cai)]
    assert await mutes.notification_mutes_among(pairs) == {(ben, dan), (cai, dan)}
    assert await mutes.notification_mutes_among([]) == set()


async def test_expired_mute_has_no_effect(
    social_database: ServiceDatabase, mutes: PostgresMutes, social: PostgresSocial
) -> None:
    """Nowhere; muting again is a new mute."""
    audiences = PostgresAudiences(social_database.instance_a.pool, social_database.instance_a.cursors)
    ana, ben, cai = sorted_random_ids(3)
    await social.follow(ana, ben)
    await mutes.mute(ana, cai, MuteScope())
    await mutes.mute(ana, ben, MuteScope(expires_at=datetime.now(UTC) + SOON))
    assert await social.feed_authors_among(ana, [ben, cai]) == set()
    assert await audiences.feed_authors(ana) == []
    await social_database.sql.execute("UPDATE mutes SET created_at = now() - interval '1 day'")
    await expire(social_database, ana)
    assert await muted_ids(mutes, ana) == []
    assert await social.feed_authors_among(ana, [ben, cai]) == {ben}
    assert await audiences.feed_authors(ana) == [ben]
    assert await mutes.post_muters_among(ben, [ana]) == set()
    assert await mutes.notification_mutes_among([(ana, ben)]) == set()
    await mutes.mute(ana, cai, MuteScope())
    await mutes.mute(ana, ben, POSTS)
    await social_database.sql.execute(
        "UPDATE mutes SET created_at = now() + interval '1 s' WHERE muted_id = $1", ben
    )
    assert await muted_ids(mutes, ana) == [ben, cai]


async def test_lists_are_paged_latest_first(
    social_database: ServiceDatabase, mutes: PostgresMutes, social: PostgresSocial
) -> None:
    """Mutes and blocks, also with equal times; deleted and excluded users are omitted."""
    ana, gone, *others = sorted_random_ids(8)
    await social_database.cache_users(*others)
    for other in (*others, gone):
        await mutes.mute(ana, other, MuteScope())
        await social.block(ana, other)
    await social_database.cache_users(gone, deleted=True)
    for table in ("mutes", "blocks"):
        await social_database.sql.execute(f"UPDATE {table} SET created_at = '2026-01-01 00:00:00.000001Z'")
    wanted = sorted(others, reverse=True)
    assert await muted_ids(mutes, ana) == wanted
    assert [record.user.id for record in await mutes.page(ana, None, wanted[:2], 2)] == wanted[2:4]
    (second,) = (await social.blocked_users(ana, None, 2))[1:]
    key = (to_microseconds(second.created_at), second.user.id)
    assert second.user.username == f"u{wanted[1][:8]}"
    assert [record.user.id for record in await social.blocked_users(ana, key, 100)] == wanted[2:]
    assert await muted_ids(mutes, ana, key) == wanted[2:]
    assert await social.blocked_users(others[0], None, 10) == []


async def test_deleted_user_leaves_no_mutes(mutes: PostgresMutes, social: PostgresSocial) -> None:
    """In neither direction."""
    ana, ben, cai = sorted_random_ids(3)
    for muter, muted in ((ana, ben), (ben, cai), (ana, cai)):
        await mutes.mute(muter, muted, MuteScope())
    await social.remove_user(ben)
    assert await muted_ids(mutes, ana) == [cai]
    assert await muted_ids(mutes, ben) == []
