"""The way in and out of a websocket: handshake, frames, heartbeat, close."""
