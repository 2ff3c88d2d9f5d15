"""Command line interface for operators: argument parsing and output."""
