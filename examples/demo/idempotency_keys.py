"""Idempotency keys derived from the seed and the content: running the demo again repeats them."""

from hashlib import sha256


class IdempotencyKeys:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    def make_key(self, *parts: object) -> str:
        """Return an `Idempotency-Key` or a `client_id`."""
        text = "\0".join(map(str, (self._seed, *parts)))
        return f"demo-{sha256(text.encode()).hexdigest()[:32]}"
