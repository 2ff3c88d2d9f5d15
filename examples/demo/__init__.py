"""Fills a server with sample data through its public API."""
