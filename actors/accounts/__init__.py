"""Accounts: registration, login, profiles, sessions and token authentication."""
