"""Search of members by name: every member is found, with bounded work."""

from collections.abc import Mapping, Sequence

from actors.conversations.member_search import CARDS_PER_READ, search_members
from actors.protocol.objects import UserCard

MEMBERS = [f"{number:08d}" for number in range(5000)]


class CountingCards:
    """Cards of the members, and the number of cards of each read."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self.reads: list[int] = []

    async def load(self, user_ids: Sequence[str]) -> Mapping[str, UserCard]:
        self.reads.append(len(user_ids))
        return {
            user_id: UserCard(user_id, f"user_{user_id}", self._names.get(user_id), None, verified=False)
            for user_id in user_ids
            if user_id != "00000007"
        }


async def test_member_far_beyond_the_first_hundred_is_found() -> None:
    """Each card is read at most once, in portions."""
    cards = CountingCards({MEMBERS[4999]: "Bert Newcomer"})
    found, next_key = await search_members(cards.load, list(reversed(MEMBERS)), "newc", "", 10)
    assert ([card.id for card in found], next_key) == ([MEMBERS[4999]], None)
    assert cards.reads == [CARDS_PER_READ] * 10


async def test_search_stops_when_the_page_is_full() -> None:
    cards = CountingCards({})
    found, next_key = await search_members(cards.load, MEMBERS, "user", "", 10)
    # The user of number 7 was deleted.
    assert [card.id for card in found] == [*MEMBERS[:7], *MEMBERS[8:11]]
    assert (next_key, cards.reads) == (MEMBERS[10], [CARDS_PER_READ])


async def test_pages_continue_after_the_last_match_if_it_left() -> None:
    names = dict.fromkeys(MEMBERS[::1000], "Ana")
    first, next_key = await search_members(CountingCards(names).load, MEMBERS, "@ana", "", 2)
    assert next_key == MEMBERS[1000]
    remaining = [member for member in MEMBERS if member not in {first[0].id, first[1].id}]
    second, last_key = await search_members(CountingCards(names).load, remaining, "@ana", next_key, 10)
    assert ([card.id for card in second], last_key) == (MEMBERS[2000::1000], None)
