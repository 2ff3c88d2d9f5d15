"""Caches of user profiles, one per service: updated by events, filled on a miss, reconciled periodically."""
