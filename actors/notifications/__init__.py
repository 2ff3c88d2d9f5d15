"""Notifications: created from domain events and mentions, stored, and pushed to the user's devices."""
