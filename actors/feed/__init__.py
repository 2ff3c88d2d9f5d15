"""The home feed: posts handed out to timelines as they come, and what is shown of them."""
