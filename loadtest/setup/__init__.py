"""Prepares a run: users, conversations, posts, events, and the assignment of connections."""
