"""The edge: bytes and HTTP in, answers out. Knows no SQL and no driver."""
