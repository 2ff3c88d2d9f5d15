"""One live conversation: who is in it, what comes next in its log, and who is told."""
