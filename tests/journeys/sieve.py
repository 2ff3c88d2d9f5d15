"""Leaves out some of what Redis pushes to those who listen: every so many messages, each of them whole.

    bytes from the server -> whole replies -> all but the chosen messages -> bytes to the instance

Both forms of RESP are read, in which a message is an array or a push. It never cuts a reply, nor changes
one.
"""

END = b"\r\n"
SIZED = b"$=!"
LISTS = b"*>~"
PAIRS = b"%"
MESSAGES = (b"message", b"smessage")
HEAD_BYTES = 200


class Sieve:
    """Lets everything through until it is told what to lose."""

    def __init__(self) -> None:
        self._meshes: list[Mesh] = []
        self.every = 0
        self.topics = b""
        self.lost = 0
        self.passed = 0

    def lose(self, every: int, topics: bytes = b"") -> None:
        """From now on each so-manieth message of a connection whose topic begins so; with 0 none."""
        self.every = every
        self.topics = topics
        self.lost = 0
        self.passed = 0
        for mesh in self._meshes:
            mesh.messages = 0

    def mesh(self) -> "Mesh":
        """For one connection."""
        self._meshes.append(Mesh(self))
        return self._meshes[-1]


class Mesh:
    """Is a `tests.journeys.cable.Strainer`."""

    def __init__(self, sieve: Sieve) -> None:
        self._sieve = sieve
        self._unread = b""
        self.messages = 0

    def __call__(self, said: bytes) -> bytes:
        unread = self._unread + said
        kept: list[bytes] = []
        at = 0
        while (end := end_of(unread, at)) is not None:
            if self._loses(unread, at):
                self._sieve.lost += 1
            else:
                kept.append(unread[at:end])
            at = end
        self._unread = unread[at:]
        return b"".join(kept)

    def _loses(self, said: bytes, at: int) -> bool:
        words = said[at : at + HEAD_BYTES].split(END, 5)
        if len(words) < 6 or words[2] not in MESSAGES or not words[4].startswith(self._sieve.topics):
            return False
        self.messages += 1
        loses = self._sieve.every > 0 and self.messages % self._sieve.every == 0
        self._sieve.passed += not loses
        return loses


def end_of(said: bytes, at: int) -> int | None:
    """Where the reply that begins there ends; None while it is not all there."""
    line = said.find(END, at)
    if line < 0:
        return None
    kind, after = said[at], line + len(END)
    if kind in SIZED:
        size = int(said[at + 1 : line])
        after += size + len(END) if size >= 0 else 0
        return after if after <= len(said) else None
    if kind in LISTS + PAIRS:
        for _ in range(int(said[at + 1 : line]) * (1 + (kind in PAIRS))):
            end = end_of(said, after)
            if end is None:
                return None
            after = end
    return after
