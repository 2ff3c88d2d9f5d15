"""Peers: minimal chat servers on other libraries, measured next to Convene. They store nothing.

`python -m bench.peers` installs their separate environments; peers that are not installed are not measured.
"""
