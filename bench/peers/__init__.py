"""Other servers, measured beside Convene: each a minimal chat of ours on another's library, storing nothing.

They have environments of their own, made by `python -m bench.peers`; what is not installed is not measured.
"""
