"""Hostile clients of `bench.hostile`, each run in a process of its own."""
