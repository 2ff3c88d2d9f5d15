"""The composition root: which implementations a server process consists of."""
