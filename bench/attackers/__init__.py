"""Hostile clients of `bench.hostile`, each run in a separate process."""
