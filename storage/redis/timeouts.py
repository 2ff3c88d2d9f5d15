"""How long the parts of the bus wait before they call a connection dead. Never a bound of size."""

import msgspec


class Timeouts(msgspec.Struct, frozen=True):
    connect_s: float = 2.0
    """For the connection, and for each answer of its handshake."""

    reply_s: float = 2.0
    """Something is unanswered and nothing at all was heard for so long: the connection is remade."""

    probe_interval_s: float = 5.0
    probe_timeout_s: float = 10.0
    """A frame to ourselves unheard for so long: both connections of the bus are remade."""

    retry_s: float = 0.05
    retry_max_s: float = 1.0
    """The pause before a new attempt: it doubles between these, and half of it is chance."""
