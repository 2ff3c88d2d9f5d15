"""In-memory stores that fulfil the contracts without a server; some can inject failures.

For tests; `MemoryAttemptLimits` also counts while Redis is not available.
"""
