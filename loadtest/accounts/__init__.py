"""Users of a load test, and the file that stores them."""
