"""Reports by users, and the actions of moderators."""
