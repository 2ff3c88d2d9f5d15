"""HTTP, websocket and command line interfaces. Depends on storage contracts only, never on a driver."""
