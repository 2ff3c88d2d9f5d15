"""The processes that make the load, and what is said between them and the one that leads."""
