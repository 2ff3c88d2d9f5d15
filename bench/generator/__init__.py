"""The load generator, a C program, compiled on first use. It never runs inside the measuring process."""
