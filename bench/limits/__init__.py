"""The limits: servers that do as little as can be done. They store nothing and check nobody."""
