"""Search of a conversation's members by name."""

import asyncio
from collections.abc import Sequence

from actors.conversations.conversation_views import LoadCards
from actors.conversations.word_prefix import WordPrefix
from actors.protocol.objects import UserCard

CARDS_PER_READ = 500


async def search_members(
    load_cards: LoadCards, member_ids: Sequence[str], query: str, after: str, limit: int
) -> tuple[list[UserCard], str | None]:
    """Return up to `limit` matching members with an id above `after`, and the last one's id if more follow.

    A member matches if `query` is the start of a word of the display name or of the username. Reads the cards
    in batches and stops at the first match after the page. Each card is read at most once.
    """
    prefix = WordPrefix(query.removeprefix("@"))
    candidates = sorted(member_id for member_id in member_ids if member_id > after)
    page: list[UserCard] = []
    for start in range(0, len(candidates), CARDS_PER_READ):
        batch = candidates[start : start + CARDS_PER_READ]
        cards = await load_cards(batch)
        # Cached cards are read without a wait: let other tasks run between two batches.
        await asyncio.sleep(0)
        for member_id in batch:
            card = cards.get(member_id)
            if card is None or not (prefix.matches(card.username) or prefix.matches(card.display_name or "")):
                continue
            if len(page) == limit:
                return page, page[-1].id
            page.append(card)
    return page, None
