"""The stores in memory: they keep the contracts without a server, fail when told to, and never last."""
