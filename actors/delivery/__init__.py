"""Fan-out: a frame is encoded once and shared by all subscribers, who are written to once per loop tick."""
