"""What makes a plain object an actor: a bounded mailbox, a turn at a time, a supervisor, a clock."""
