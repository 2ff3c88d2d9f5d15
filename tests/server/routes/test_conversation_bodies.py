"""What requests about conversations cost."""

import pytest

from server.http.rate_limiter import SEARCH_COST
from server.http.request_decoding import QueryDecoder
from server.http.route import HasRequestCost
from server.routes.conversation_bodies import ParticipantQuery


@pytest.mark.parametrize(
    ("parameters", "cost"), [({}, 1), ({"limit": "100"}, 1), ({"q": "ana"}, SEARCH_COST)]
)
def test_search_of_members_costs_as_other_searches(parameters: dict[str, str], cost: int) -> None:
    """It reads all members; a page of them does not."""
    query = QueryDecoder(ParticipantQuery).decode(parameters)
    assert isinstance(query, HasRequestCost)
    assert 1 + query.request_cost() == cost
