"""The Python peers. They run in their own environment and import nothing of Convene's."""
