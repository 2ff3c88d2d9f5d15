"""Shared by all benchmarks: server processes, load generators, measurement rounds and report tables."""
