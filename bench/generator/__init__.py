"""The websocket load generator: a C program that is compiled on first use and run as a subprocess."""
