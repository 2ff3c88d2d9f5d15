"""Keys under which the server knows a request again: the same thing said by the same town has the same one.

They come from what is said, so that a key never stands for two different things.
"""

from hashlib import sha256


class IdempotencyKeys:
    def __init__(self, seed: int) -> None:
        self._seed = seed

    def make_key(self, *parts: object) -> str:
        """An `Idempotency-Key` or a `client_id`."""
        named = "\0".join(map(str, (self._seed, *parts)))
        return f"demo-{sha256(named.encode()).hexdigest()[:32]}"
