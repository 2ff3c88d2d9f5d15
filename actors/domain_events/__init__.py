"""How services hear of each other: the events of one, taken in by the others, each exactly once."""
