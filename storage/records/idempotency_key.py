"""What a creating request bears so that it happens once. Never holds what was sent, nor the key itself."""

import msgspec


class IdempotencyKey(msgspec.Struct, frozen=True):
    """An idempotency key as stores keep it.

    `key` names user, method, path and key (SHA-256, hex); `digest` what was sent with it.
    """

    key: str
    digest: str
