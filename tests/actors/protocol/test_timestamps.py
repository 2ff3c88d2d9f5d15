"""Timestamps of requests: any offset, milliseconds, and only years that every part of the server can hold."""

from datetime import UTC, datetime

import pytest

from actors.protocol.errors import ApiError
from actors.protocol.timestamps import rfc3339_from_datetime, to_utc


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2090-05-01T18:00:00", "2090-05-01T18:00:00.000Z"),
        ("2090-05-01T18:00:00.123999+02:00", "2090-05-01T16:00:00.123Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("1969-12-31T23:00:00-01:00", "1970-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_timestamp_is_converted_to_utc_milliseconds(given: str, expected: str) -> None:
    """Digits below a millisecond are truncated, as in responses."""
    converted = to_utc("from", datetime.fromisoformat(given))
    assert rfc3339_from_datetime(converted) == expected
    assert converted.tzinfo is UTC
    assert converted.microsecond % 1000 == 0


@pytest.mark.parametrize(
    "given",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00",
        "1970-01-01T00:00:00+00:01",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_year_is_checked_after_the_offset(given: str) -> None:
    """An offset may move a timestamp out of the years, or out of what a datetime can hold."""
    with pytest.raises(ApiError) as refused:
        to_utc("from", datetime.fromisoformat(given))
    assert [error.field for error in refused.value.errors] == ["from"]
