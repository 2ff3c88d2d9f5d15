"""The PostgreSQL stores. The only folder that sees asyncpg."""
