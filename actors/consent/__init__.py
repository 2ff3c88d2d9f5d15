"""Consent to be added to groups and invited to events: privacy settings, limits and requests."""
