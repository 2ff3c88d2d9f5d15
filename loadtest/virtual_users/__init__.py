"""Virtual users: one websocket client each, with reconnects and pending requests."""
