"""Baseline servers: the least work that a request or delivery can cost. They do not authenticate."""
