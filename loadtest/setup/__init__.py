"""What has to stand on the server before the load begins: people, conversations, posts, events."""
