"""Asyncio client for the Convene protocol: ordered delivery, automatic reconnect and resume."""
