"""What people meet for: events, answers, the line for a place, and the conversation of each."""
