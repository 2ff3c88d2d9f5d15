"""Protocols of the stores, with the records that they take and return."""
