"""Contract of `ConversationRequestStore`."""

import asyncio
from datetime import timedelta

import pytest

from config.limits import CONVERSATION_REQUESTS_OPEN, CONVERSATION_REQUESTS_SENT
from storage.contracts.conversation_requests import ConversationRequestStore, NewRequests
from storage.contracts.identifiers import new_id
from storage.contracts.paging import PageKey, to_microseconds
from storage.errors import Conflict
from storage.postgres.conversation_requests import PostgresConversationRequests
from storage.postgres.social import PostgresSocial
from tests.storage.service_database import ServiceDatabase, random_id


@pytest.fixture
def requests(social_database: ServiceDatabase) -> ConversationRequestStore:
    return PostgresConversationRequests(social_database.instance_a.pool)


def new_requests(
    actor_id: str, *recipient_ids: str, unseen: tuple[str, ...] = (), conversation_id: str | None = None
) -> NewRequests:
    return NewRequests(actor_id, conversation_id or new_id(), recipient_ids, unseen, "a group")


async def list_open(requests: ConversationRequestStore, recipient_id: str, limit: int = 100) -> list[str]:
    """Conversation ids of all pages."""
    seen: list[str] = []
    before: PageKey | None = None
    while page := await requests.page(recipient_id, before, limit):
        assert len(page) <= limit
        seen += [record.conversation_id for record in page]
        before = to_microseconds(page[-1].created_at), page[-1].conversation_id
    return seen


async def test_requests_are_listed_latest_first(requests: ConversationRequestStore) -> None:
    """Page by page, without gaps; `get` returns the same record, for its recipient only."""
    ana, ben = random_id(), random_id()
    made = [(await requests.add(new_requests(ana, ben)))[0] for _ in range(5)]
    expected = [record.conversation_id for record in reversed(made)]
    for limit in (1, 2, 5, 100):
        assert await list_open(requests, ben, limit) == expected
    assert await requests.get(ben, expected[0]) == made[-1]
    assert await requests.get(ana, expected[0]) is None
    assert await list_open(requests, ana) == []


async def test_request_is_made_once(requests: ConversationRequestStore) -> None:
    """Also by several actors at the same time, and not again after it was declined."""
    ben, conversation_id = random_id(), new_id()
    adds = (requests.add(new_requests(random_id(), ben, conversation_id=conversation_id)) for _ in range(8))
    assert sorted(map(len, await asyncio.gather(*adds))) == [0] * 7 + [1]
    assert await requests.decline(ben, conversation_id)
    assert not await requests.decline(ben, conversation_id)
    assert await requests.add(new_requests(random_id(), ben, conversation_id=conversation_id)) == []
    assert await list_open(requests, ben) == []


async def test_unseen_requests_are_stored_without_being_shown(requests: ConversationRequestStore) -> None:
    """They count for the actor as the others do."""
    ana, ben, eve = random_id(), random_id(), random_id()
    made = await requests.add(new_requests(ana, ben, eve, unseen=(eve,)))
    assert [record.recipient_id for record in made] == [ben]
    conversation_id = made[0].conversation_id
    assert await requests.get(eve, conversation_id) is None
    assert not await requests.decline(eve, conversation_id)
    assert await requests.remove([ben, eve], conversation_id) == [ben]


async def test_recipient_has_a_bounded_number_of_open_requests(requests: ConversationRequestStore) -> None:
    """Under concurrency too; a declined one makes room."""
    ben = random_id()
    adds = (requests.add(new_requests(random_id(), ben)) for _ in range(CONVERSATION_REQUESTS_OPEN + 20))
    made = sum(map(len, await asyncio.gather(*adds)))
    listed = await list_open(requests, ben)
    assert made == len(listed) == CONVERSATION_REQUESTS_OPEN
    assert await requests.decline(ben, listed[0])
    assert len(await requests.add(new_requests(random_id(), ben))) == 1
    assert len(await list_open(requests, ben)) == CONVERSATION_REQUESTS_OPEN


async def test_actor_has_a_bounded_number_of_requests(requests: ConversationRequestStore) -> None:
    """An addition beyond it stores nothing; one that is repeated does not count twice."""
    ana = random_id()
    first = new_requests(ana, *(random_id() for _ in range(CONVERSATION_REQUESTS_SENT - 1)))
    assert len(await requests.add(first)) == CONVERSATION_REQUESTS_SENT - 1
    assert await requests.add(first) == []
    ben, eve = random_id(), random_id()
    with pytest.raises(Conflict, match="conversation_requests_actor_max"):
        await requests.add(new_requests(ana, ben, eve))
    assert await list_open(requests, ben) == await list_open(requests, eve) == []
    assert len(await requests.add(new_requests(ana, ben))) == 1


async def test_expired_requests_are_gone_and_pruned(
    requests: ConversationRequestStore, social_database: ServiceDatabase
) -> None:
    """In any state; the next addition of anyone deletes them, and the same request can be made again."""
    ana, ben = random_id(), random_id()
    open_, declined = [(await requests.add(new_requests(ana, ben)))[0].conversation_id for _ in range(2)]
    await requests.decline(ben, declined)
    await social_database.sql.execute(
        "UPDATE conversation_requests SET expires_at = now() - $1::interval", timedelta(seconds=1)
    )
    assert await list_open(requests, ben) == []
    assert await requests.get(ben, open_) is None
    assert not await requests.decline(ben, open_)
    assert len(await requests.add(new_requests(ana, ben, conversation_id=declined))) == 1
    assert await social_database.sql.fetchval("SELECT count(*) FROM conversation_requests") == 1


@pytest.mark.parametrize("is_recipient", [True, False])
async def test_no_request_crosses_a_block(
    requests: ConversationRequestStore, social_database: ServiceDatabase, *, is_recipient: bool
) -> None:
    """Neither an existing nor a new one, whoever blocked; `remove_between` deletes them."""
    social = PostgresSocial(social_database.instance_a.pool)
    ana, ben = random_id(), random_id()
    ((record,), *_) = [await requests.add(new_requests(ana, ben))]
    await (social.block(ben, ana) if is_recipient else social.block(ana, ben))
    assert await list_open(requests, ben) == []
    assert await requests.get(ben, record.conversation_id) is None
    assert await requests.add(new_requests(ana, ben)) == []
    assert await requests.remove_between(ben, ana) == [(ben, record.conversation_id)]
    assert await requests.remove_between(ana, ben) == []


async def test_requests_of_a_deleted_user_are_deleted(
    requests: ConversationRequestStore, social_database: ServiceDatabase
) -> None:
    """Those to the user, and those made by the user."""
    social = PostgresSocial(social_database.instance_a.pool)
    ana, ben, eve = random_id(), random_id(), random_id()
    await requests.add(new_requests(ana, ben))
    await requests.add(new_requests(ben, eve))
    await social.remove_user(ben)
    assert await list_open(requests, ben) == await list_open(requests, eve) == []
