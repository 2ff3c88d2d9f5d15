"""In-memory stores that fulfil the contracts without a server; some can inject failures. For tests."""
