"""Keyed hashes, which identify personal data in stores that must not contain it.

Without the key, which only the database of the User service has, an address cannot be guessed from its hash.
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b


class KeyedHash:
    """`key` has 16 to 64 bytes, and is the same on all instances."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, text: str) -> str:
        """Return 128 bits in hex."""
        return blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=16).hexdigest()

    def token(self, text: str) -> str:
        """Return 256 bits as a token, which cannot be guessed from the text."""
        digest = blake2b(text.encode(errors="surrogatepass"), key=self._key, digest_size=32).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()
