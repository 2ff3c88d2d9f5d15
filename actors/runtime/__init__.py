"""The actor runtime: mailboxes, a run queue, supervision and timers."""
