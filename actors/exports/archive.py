"""Writes a ZIP archive of JSON files bit by bit, in chunks of a fixed size.

    objects -> deflate -> buffer -> `store_chunk(number, bytes)`, one call for each full chunk

Only a batch of objects, less than a chunk of output and the state of the compression are kept in memory,
however large the archive is.
"""

import zipfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import IO, cast

from config.exports import EXPORT_BYTES_MAX, EXPORT_CHUNK_BYTES


class ArchiveTooLarge(Exception):  # noqa: N818 - named after the condition
    """The archive would exceed `EXPORT_BYTES_MAX`."""


class _ChunkBuffer:
    """Collects what `zipfile` writes. Without a position to seek to, so sizes are written after the data."""

    def __init__(self) -> None:
        self.pending = bytearray()

    def write(self, data: bytes) -> int:
        self.pending += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is written is in `pending` at once."""


class ArchiveWriter:
    """`store_chunk` gets chunks of `chunk_bytes`, the last one maybe shorter, numbered from 0.

    Methods raise what `store_chunk` raises.
    """

    def __init__(
        self,
        store_chunk: Callable[[int, bytes], Awaitable[None]],
        chunk_bytes: int = EXPORT_CHUNK_BYTES,
        max_bytes: int = EXPORT_BYTES_MAX,
    ) -> None:
        self._store_chunk = store_chunk
        self._chunk_bytes = chunk_bytes
        self._max_bytes = max_bytes
        self._buffer = _ChunkBuffer()
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._buffer), "w", zipfile.ZIP_DEFLATED)
        self._chunk_count = 0

    async def add_array(self, name: str, batches: AsyncGenerator[Sequence[bytes]]) -> int:
        """Add a file with a JSON array of encoded objects. Returns how many there are.

        Raises:
            ArchiveTooLarge: the archive cannot be used.
            Exception: what `batches` raises.
        """
        count = 0
        # Sizes are not known before the end, and may exceed those of ZIP without its extension.
        with self._zip.open(f"{name}.json", "w", force_zip64=True) as file:
            file.write(b"[")
            async with aclosing(batches):
                async for batch in batches:
                    if batch:
                        file.write((b",\n" if count else b"\n") + b",\n".join(batch))
                        count += len(batch)
                    await self._flush()
            file.write(b"\n]\n")
        await self._flush()
        return count

    async def close(self) -> None:
        """Write the directory of the archive and the last chunk. Raises `ArchiveTooLarge`."""
        self._zip.close()
        await self._flush()
        if self._buffer.pending:
            await self._store_next(bytes(self._buffer.pending))

    async def _flush(self) -> None:
        pending = self._buffer.pending
        while len(pending) >= self._chunk_bytes:
            chunk = bytes(pending[: self._chunk_bytes])
            del pending[: self._chunk_bytes]
            await self._store_next(chunk)

    async def _store_next(self, chunk: bytes) -> None:
        if self._chunk_count * self._chunk_bytes + len(chunk) > self._max_bytes:
            raise ArchiveTooLarge
        await self._store_chunk(self._chunk_count, chunk)
        self._chunk_count += 1
