"""An installation of release 0.1.0, from `tests/fixtures/release_0_1_0`."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
from bson import decode_all
from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import AsyncMongoClient

from storage.postgres.statement import Statement, parse_statement, split_statements

FOLDER = Path(__file__).parents[1] / "fixtures" / "release_0_1_0"
FILE_LINE = "-- file: "
MILLISECONDS: CodecOptions[dict[str, Any]] = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS)


def read_text(name: str) -> str:
    return gzip.decompress((FOLDER / name).read_bytes()).decode()


async def load_database(url: str, service: str) -> None:
    """Create the tables, functions and triggers of the release in an empty database, with its rows."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(read_text(f"{service}.sql.gz"))
    finally:
        await connection.close()


async def load_messaging(url: str) -> None:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url)
    try:
        for path in FOLDER.glob("*.bson.gz"):
            documents = decode_all(gzip.decompress(path.read_bytes()), MILLISECONDS)
            await client.get_default_database()[path.name.removesuffix(".bson.gz")].insert_many(documents)
    finally:
        await client.close()


def statements() -> Iterator[tuple[str, Statement]]:
    """Yield (service, statement) of everything that an instance of the release runs."""
    for text in read_text("statements.sql.gz").split(FILE_LINE)[1:]:
        path, _, source = text.partition("\n")
        service = path.partition("/")[0]
        for name, block in split_statements(source):
            yield service, parse_statement(name, block)
