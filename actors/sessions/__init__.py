"""A connected client, and all the clients of one person."""
