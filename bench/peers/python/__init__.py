"""The Python peers. They run in their own environment and cannot import Convene."""
