"""What lives: actors, and the vocabulary they speak."""
