"""Fan-out: a frame is built once, handed to every member's outbox, and written once per loop tick."""
