"""The benches: one script for each speed claim, `python -m bench` for all. The product never imports them."""
