"""Routes of the public HTTP API, one module per resource."""
