"""The home feed: fan-out of posts to timelines, and reading pages from them."""
