"""Tools for operators: consistency checks and replay of domain events."""
