"""Checks that clients received what the server acknowledged, once and in order."""
