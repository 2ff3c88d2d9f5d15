"""Links of data exports end with the session that they were given to."""

from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
import pytest

from actors.exports.data_exports import DataExports
from actors.exports.export_links import ExportLinks
from actors.keyed_hash import KeyedHash
from actors.protocol.errors import ApiError
from storage.contracts.data_exports import READY, DataExportRecord, DataExportStore, ReadyExport
from tests.actors.fake_client import identity
from tests.actors.fake_cluster import ANA

EXPORT = "2c2d8f6e-6f0f-4dd0-8f4b-0d0f9a4b1d11"


class OneExport:
    """The part of a `DataExportStore` that is used, with an export that is ready."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        self.record = DataExportRecord(EXPORT, ANA, READY, 1, 10, 1, now, now, now + timedelta(days=7))

    async def get(self, _user_id: str) -> DataExportRecord:
        return self.record

    async def find_ready(self, export_id: str) -> ReadyExport | None:
        return ReadyExport(self.record, "ana") if export_id == EXPORT else None


async def test_link_ends_with_its_session() -> None:
    """Another session of the user keeps its own link."""
    sessions = {"first", "second"}

    async def find_sessions(session_ids: object) -> set[str]:
        return sessions & set(cast("list[str]", session_ids))

    store = cast("DataExportStore", OneExport())
    exports = DataExports(store, ExportLinks(KeyedHash(b"k" * 16)), find_sessions, lambda: None)
    tokens = []
    for session_id in ("first", "second"):
        export = await exports.get(msgspec.structs.replace(identity(ANA), session_id=session_id))
        assert export is not None
        assert export.url is not None
        tokens.append(export.url.removeprefix("/v1/exports/"))
    assert (await exports.find_ready(tokens[0])).export.id == EXPORT

    sessions.remove("first")

    with pytest.raises(ApiError) as refused:
        await exports.find_ready(tokens[0])
    assert refused.value.code == "export.not_found"
    assert (await exports.find_ready(tokens[1])).export.id == EXPORT
