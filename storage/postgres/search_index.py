"""Search words of one service's rows in PostgreSQL: set with each change, filled in where missing."""

from collections.abc import Mapping
from uuid import UUID

from storage.postgres.pool import PostgresPool, Transaction
from storage.postgres.statement import Statement, load_statement
from storage.search_words import index_words, to_tsvector

NIL = UUID(int=0)


class PostgresSearchIndex:
    """Implements `storage.contracts.search_index.SearchIndex`."""

    def __init__(self, pool: PostgresPool, missing: Statement, set_words: Statement) -> None:
        self._pool = pool
        self._missing = missing
        self._set = set_words

    @classmethod
    def for_users(cls, pool: PostgresPool) -> "PostgresSearchIndex":
        return cls(
            pool,
            load_statement("users", "search_words", "search_words_missing"),
            load_statement("users", "search_words", "search_words_set"),
        )

    @classmethod
    def for_events(cls, pool: PostgresPool) -> "PostgresSearchIndex":
        return cls(
            pool,
            load_statement("events", "search_words", "search_words_missing"),
            load_statement("events", "search_words", "search_words_set"),
        )

    async def set_words(self, transaction: Transaction, texts: Mapping[UUID, tuple[str | None, ...]]) -> None:
        """Set the search words of the texts of rows, by row id. The transaction has locked the rows."""
        vectors = [to_tsvector(index_words(*row_texts)) for row_texts in texts.values()]
        await transaction.rows(self._set, list(texts), vectors)

    async def index_missing(self, after: str, limit: int) -> list[str]:
        async with self._pool.transaction() as transaction:
            rows = await transaction.rows(self._missing, UUID(after) if after else NIL, limit)
            if rows:
                texts = {row["id"]: (row["first_text"], row["second_text"]) for row in rows}
                await self.set_words(transaction, texts)
        return [str(row["id"]) for row in rows]
