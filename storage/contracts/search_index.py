"""Completion of search words that rows lack."""

from typing import Protocol


class SearchIndex(Protocol):
    """Rows of one service that are found by words. Raises `Unavailable`."""

    async def index_missing(self, after: str, limit: int) -> list[str]:
        """Set the search words of up to `limit` rows that have none and ids above `after`; return their ids.

        In order of id; an empty `after` begins at the first one. Several instances may call it at the same
        time: each works on other rows. One short transaction.
        """
