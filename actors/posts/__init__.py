"""Posts, comments and likes."""
