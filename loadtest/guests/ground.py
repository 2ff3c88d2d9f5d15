"""What all guests of a process share: where the servers are, what is known, what is counted.

It holds; it does nothing.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.check.faults import Faults
from loadtest.check.ledger import Ledger
from loadtest.figures.latencies import Latencies
from loadtest.figures.tally import Tally
from loadtest.wire.handshake import Address
from loadtest.wire.hearing import Hearing


@dataclass(frozen=True, slots=True)
class Ground:
    run: str
    addresses: tuple[Address, ...]
    ledger: Ledger
    faults: Faults
    tally: Tally
    latencies: Latencies
    hearing: Hearing
    dice: random.Random
    fetch: Callable[[int, str, int, bool], None]
    """(client, conversation, after, whether `lagged` asked for it): have the log read from there."""
