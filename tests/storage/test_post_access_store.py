"""Contract of `PostAccessStore`."""

import pytest

from storage.contracts.mutes import MuteScope
from storage.contracts.post_access import PostAccess
from storage.postgres.mutes import PostgresMutes
from storage.postgres.post_access import PostgresPostAccess
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import ServiceDatabase, sorted_random_ids


@pytest.fixture
def post_access(social_database: ServiceDatabase) -> PostgresPostAccess:
    return PostgresPostAccess(social_database.instance_a.pool)


async def make_private(database: ServiceDatabase, user_id: str) -> None:
    await database.sql.execute("INSERT INTO private_accounts VALUES ($1, TRUE, 1)", user_id)


async def test_access_follows_from_follows_blocks_and_private_accounts(
    social_database: ServiceDatabase, post_access: PostgresPostAccess
) -> None:
    """A block hides all; oneself and followers see all; others see the public posts of public accounts."""
    social = PostgresSocial(social_database.instance_a.pool)
    ana, ben, cyd, dan, eve = sorted_random_ids(5)
    for followed in (ben, cyd):
        await social.follow(ana, followed)
    await make_private(social_database, cyd)
    await make_private(social_database, dan)
    await social.block(eve, ana)
    pairs = [(ana, author_id) for author_id in (ana, ben, cyd, dan, eve)]
    pairs += [(ben, ana), (ben, dan), (dan, dan), (eve, ana), (eve, dan)]
    access = await post_access.find([*pairs, (ana, "x"), ("", ana)])
    assert [access[pair].name for pair in pairs] == [
        "ALL",
        "ALL",
        "ALL",
        "NONE",
        "NONE",
        "PUBLIC",
        "NONE",
        "ALL",
        "NONE",
        "NONE",
    ]
    assert len(access) == len(pairs)
    await social.unblock(eve, ana)
    assert (await post_access.find([(ana, eve)]))[ana, eve] is PostAccess.PUBLIC
    assert await post_access.find([]) == {}


async def test_muted_authors_have_no_access_if_left_out(
    social_database: ServiceDatabase, post_access: PostgresPostAccess
) -> None:
    """Also followed ones; only if their posts are muted, and not with the default."""
    instance = social_database.instance_a
    social, mutes = PostgresSocial(instance.pool), PostgresMutes(instance.pool)
    ana, ben, cyd, dan = sorted_random_ids(4)
    await social.follow(ana, ben)
    await mutes.mute(ana, ben, MuteScope())
    await mutes.mute(ana, cyd, MuteScope(notifications=False))
    await mutes.mute(ana, dan, MuteScope(posts=False))
    pairs = [(ana, author_id) for author_id in (ana, ben, cyd, dan)] + [(ben, ana)]
    unmuted = await post_access.find(pairs, without_muted=True)
    assert [unmuted[pair].name for pair in pairs] == ["ALL", "NONE", "NONE", "PUBLIC", "PUBLIC"]
    access = await post_access.find(pairs)
    assert [access[pair].name for pair in pairs] == ["ALL", "ALL", "PUBLIC", "PUBLIC", "PUBLIC"]
