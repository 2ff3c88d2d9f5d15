"""The workloads: what virtual users do during the load, at a given rate."""
