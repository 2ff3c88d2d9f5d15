"""One websocket as cheap as it gets, and what is heard on it: decoded once for all who are told the same."""
