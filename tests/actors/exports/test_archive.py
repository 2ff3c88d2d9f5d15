"""The archive: what is read back is what was added, in bounded chunks and bounded memory."""

import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator, Sequence

import pytest

from actors.exports.archive import ArchiveTooLarge, ArchiveWriter


async def batches(*given: Sequence[object]) -> AsyncGenerator[Sequence[bytes]]:
    for batch in given:
        yield [json.dumps(one).encode() for one in batch]


class ChunkList:
    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    async def store(self, number: int, data: bytes) -> None:
        assert number == len(self.chunks)
        self.chunks.append(data)


async def test_files_are_read_back_as_added() -> None:
    """Each is a JSON array, an empty one too; all chunks but the last are full."""
    stored = ChunkList()
    writer = ArchiveWriter(stored.store, chunk_bytes=100)
    posts: list[object] = [{"id": number, "content": f"Ünï {random.random()}"} for number in range(50)]
    assert await writer.add_array("posts", batches(posts[:20], [], posts[20:])) == 50
    assert await writer.add_array("likes", batches()) == 0
    await writer.close()
    assert {len(chunk) for chunk in stored.chunks[:-1]} == {100}
    assert 0 < len(stored.chunks[-1]) <= 100
    with zipfile.ZipFile(io.BytesIO(b"".join(stored.chunks))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["posts.json", "likes.json"]
        assert json.loads(archive.read("posts.json")) == posts
        assert json.loads(archive.read("likes.json")) == []


async def test_archive_has_a_largest_size() -> None:
    """Past it nothing more is stored."""
    stored = ChunkList()
    writer = ArchiveWriter(stored.store, chunk_bytes=100, max_bytes=250)
    noise: list[object] = [random.random() for _ in range(1000)]
    with pytest.raises(ArchiveTooLarge):
        await writer.add_array("noise", batches(noise))
    assert len(stored.chunks) == 2


async def test_memory_does_not_grow_with_the_archive() -> None:
    """Of 40 MB that cannot be compressed well, a few chunks are in memory at once."""
    sizes: list[int] = []

    async def forget(number: int, data: bytes) -> None:
        sizes.append(len(data))

    async def noise() -> AsyncGenerator[Sequence[bytes]]:
        source = random.Random(1)
        for _ in range(400):
            yield [b'"%b"' % source.randbytes(25_000).hex().encode() for _ in range(2)]

    writer = ArchiveWriter(forget)
    tracemalloc.start()
    try:
        await writer.add_array("noise", noise())
        await writer.close()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) > 15_000_000
    assert peak < 4_000_000
