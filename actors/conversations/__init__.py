"""Conversations: membership, the message log, and the notifications that follow an entry."""
