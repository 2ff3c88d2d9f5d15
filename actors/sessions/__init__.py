"""Sessions of connected clients, and the index of users online on this instance."""
