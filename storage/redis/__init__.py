"""Bus, user streams, presence and timelines on Redis or Valkey."""
