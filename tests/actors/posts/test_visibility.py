"""`PostVisibilityChecker` on a store in memory."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from actors.pagination import FILTERED_READS_MAX
from actors.posts.visibility import ANONYMOUS_VIEWER_ID, PostVisibilityChecker
from storage.contracts.paging import PageKey, to_microseconds
from storage.contracts.post_access import PostAccess
from storage.contracts.posts import FOLLOWERS, PUBLIC, PostOwner

START = datetime(2026, 5, 1, tzinfo=UTC)


class FakeAccess:
    """Access by (viewer, author); others see public posts."""

    def __init__(self, access: Mapping[tuple[str, str], PostAccess]) -> None:
        self.access = access
        self.calls: list[Sequence[tuple[str, str]]] = []

    async def find(
        self, pairs: Sequence[tuple[str, str]], *, without_muted: bool = False
    ) -> Mapping[tuple[str, str], PostAccess]:
        self.calls.append(pairs)
        return {pair: self.access.get(pair, PostAccess.PUBLIC) for pair in pairs}


class FakeOwners:
    async def owners(self, post_ids: Sequence[str]) -> Mapping[str, PostOwner]:
        owners = {"open": PostOwner("ana", PUBLIC), "closed": PostOwner("ana", FOLLOWERS)}
        return {post_id: owners[post_id] for post_id in post_ids if post_id in owners}


class Row(msgspec.Struct, frozen=True):
    id: str
    created_at: datetime
    author_id: str
    visibility: str


def make_rows(count: int, *, visible: set[int]) -> list[Row]:
    """Rows from the newest to the oldest; those that are not visible are for followers."""
    return [
        Row(f"{n:04}", START - timedelta(seconds=n), "ana", PUBLIC if n in visible else FOLLOWERS)
        for n in range(count)
    ]


class RowReader:
    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.reads = 0

    async def read(self, before: PageKey | None, excluded: Sequence[str], count: int) -> list[Row]:
        self.reads += 1
        after = [row for row in self.rows if before is None or to_microseconds(row.created_at) < before[0]]
        return [row for row in after if row.author_id not in excluded][:count]


async def test_page_reads_on_until_it_is_full() -> None:
    """Rows that are not visible take no places; one lookup returns the access to an author."""
    access = FakeAccess({})
    reader = RowReader(make_rows(100, visible={10, 20, 30, 40}))
    page = await PostVisibilityChecker(access, FakeOwners()).page("ben", reader.read, None, 3)
    assert [row.id for row in page.rows] == ["0010", "0020", "0030"]
    assert page.next_key is not None
    rest = await PostVisibilityChecker(access, FakeOwners()).page("ben", reader.read, page.next_key, 3)
    assert [row.id for row in rest.rows] == ["0040"]
    assert rest.next_key is None
    assert access.calls == [[("ben", "ana")]] * 2


async def test_reads_of_a_page_are_bounded() -> None:
    """A page without visible rows ends after some reads, with the key from which the list goes on."""
    reader = RowReader(make_rows(5000, visible={4999}))
    visibility = PostVisibilityChecker(FakeAccess({}), FakeOwners())
    page = await visibility.page("ben", reader.read, None, 1)
    assert (page.rows, reader.reads) == ([], FILTERED_READS_MAX)
    found = list(page.rows)
    while page.next_key is not None:
        page = await visibility.page("ben", reader.read, page.next_key, 1)
        found += page.rows
    assert [row.id for row in found] == ["4999"]


async def test_authors_without_access_are_not_read_again() -> None:
    """The next read of a page leaves them out."""
    reader = RowReader(make_rows(300, visible=set(range(300))))
    blocked = FakeAccess({("ben", "ana"): PostAccess.NONE})
    page = await PostVisibilityChecker(blocked, FakeOwners()).page("ben", reader.read, None, 5)
    assert (page.rows, page.next_key, reader.reads) == ([], None, 2)


async def test_viewers_and_posts_are_decided_by_access() -> None:
    """For many viewers of a post, for many pairs, and for a viewer who is not logged in."""
    access = FakeAccess({("ben", "ana"): PostAccess.ALL, ("cyd", "ana"): PostAccess.NONE})
    visibility = PostVisibilityChecker(access, FakeOwners())
    opened, closed = PostOwner("ana", PUBLIC), PostOwner("ana", FOLLOWERS)
    viewers = ["ben", "cyd", "dan", "ben"]
    assert await visibility.find_viewers(opened, viewers) == ["ben", "dan"]
    assert await visibility.find_viewers(closed, viewers) == ["ben"]
    posts = ("open", "closed", "deleted")
    pairs = [(viewer, post_id) for viewer in ("ben", "cyd", "dan") for post_id in posts]
    assert await visibility.find_visible(pairs) == {("ben", "open"), ("ben", "closed"), ("dan", "open")}
    assert await visibility.find_visible([]) == set()
    assert await visibility.filter(None, [opened, closed]) == [opened]
    assert access.calls[-1] == [(ANONYMOUS_VIEWER_ID, "ana")]
