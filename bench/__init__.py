"""Benchmarks: one script per performance claim. `python -m bench` runs all of them."""
