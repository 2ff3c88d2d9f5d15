"""The RESP filter of these tests."""

import pytest

from tests.end_to_end.resp_filter import RespFilter

REPLIES = b"+OK\r\n:3\r\n$-1\r\n*-1\r\n*2\r\n$9\r\nsubscribe\r\n:1\r\n%1\r\n+a\r\n*2\r\n_\r\n$0\r\n\r\n"


def encode_message(form: bytes, topic: bytes, text: bytes) -> bytes:
    return b"%b3\r\n$7\r\nmessage\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (form, len(topic), topic, len(text), text)


@pytest.mark.parametrize("form", [b"*", b">"])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_filter_drops_every_third_message_of_a_topic(form: bytes, piece: int) -> None:
    """Complete messages are dropped for any chunking and message text; other bytes pass unchanged."""
    topics = [b"c:1", b"u:1", b"c:2", b"c:1", b"u:1", b"c:1", b"c:1", b"c:1"]
    chunks = [
        encode_message(form, topic, b"\r\n*1\r\n%d" % number) + REPLIES for number, topic in enumerate(topics)
    ]
    stream = b"".join(chunks)
    resp_filter = RespFilter()
    resp_filter.drop(every=3, topic_prefix=b"c:")
    filter_bytes = resp_filter.filter_connection()
    received = b"".join(filter_bytes(stream[start : start + piece]) for start in range(0, len(stream), piece))

    chunks[3] = chunks[7] = REPLIES
    assert received == b"".join(chunks)
    assert resp_filter.dropped == 2
