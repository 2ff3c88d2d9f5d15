"""The websocket server: handshake, connections, framing, heartbeat, limits."""
