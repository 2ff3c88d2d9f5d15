"""Minimal websocket client; identical frames are decoded once for all connections."""
