"""The limits: servers that do as little as can be done for what they stand for. They check nobody."""
