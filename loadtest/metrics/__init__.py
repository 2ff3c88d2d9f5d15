"""Counters, latencies and the servers' metrics."""
