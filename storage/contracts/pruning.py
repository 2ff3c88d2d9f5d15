"""Tables whose rows are kept for a limited time."""

from typing import Protocol


class PrunableTable(Protocol):
    """One table or collection."""

    @property
    def name(self) -> str:
        """Name in metrics: store and table."""

    async def prune(self, limit: int) -> int:
        """Delete at most `limit` rows that are past their retention; return how many.

        Rows that another transaction has locked are left for the next call.

        Raises:
            Unavailable: some may have been deleted.
        """
