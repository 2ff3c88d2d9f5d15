"""The Python client: connects, sends, receives in order, comes back. It knows only the wire."""
