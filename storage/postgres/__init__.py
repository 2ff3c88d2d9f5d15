"""Stores on PostgreSQL. Only this package and `storage.embedded` import asyncpg."""
