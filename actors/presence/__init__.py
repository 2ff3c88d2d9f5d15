"""Presence: combined per user over devices and instances, visible to users who may see it."""
