"""Follows and blocks, and the visibility rules that blocks imply."""
