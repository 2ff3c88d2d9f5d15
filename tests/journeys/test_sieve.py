"""The sieve itself: what it leaves out is whole, and all else comes through as it was said."""

import pytest

from tests.journeys.sieve import Sieve

ANSWERS = b"+OK\r\n:3\r\n$-1\r\n*-1\r\n*2\r\n$9\r\nsubscribe\r\n:1\r\n%1\r\n+a\r\n*2\r\n_\r\n$0\r\n\r\n"


def message(form: bytes, topic: bytes, text: bytes) -> bytes:
    return b"%b3\r\n$7\r\nmessage\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (form, len(topic), topic, len(text), text)


@pytest.mark.parametrize("form", [b"*", b">"])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_every_third_message_on_such_a_topic_is_left_out(form: bytes, piece: int) -> None:
    """However the bytes are cut on their way, and whatever stands in a message."""
    topics = [b"c:1", b"u:1", b"c:2", b"c:1", b"u:1", b"c:1", b"c:1", b"c:1"]
    said = [message(form, topic, b"\r\n*1\r\n%d" % number) + ANSWERS for number, topic in enumerate(topics)]
    whole = b"".join(said)
    sieve = Sieve()
    sieve.lose(every=3, topics=b"c:")
    strain = sieve.mesh()
    came = b"".join(strain(whole[start : start + piece]) for start in range(0, len(whole), piece))

    said[3] = said[7] = ANSWERS
    assert came == b"".join(said)
    assert sieve.lost == 2
