"""What is counted and timed, of the load and of the servers."""
