"""Who is connected: one guest a connection, across reconnects, and what they have asked."""
