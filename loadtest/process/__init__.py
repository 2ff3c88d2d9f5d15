"""The worker processes, and their protocol with the coordinator."""
