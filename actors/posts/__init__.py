"""Posts, and what people say and feel about them."""
