"""Fan-out: a frame is encoded once, shared by all members' send queues, and written once per loop tick."""
