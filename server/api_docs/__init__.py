"""API documentation generated from the routes and from the structs that decode and encode the protocol.

routes   -> openapi.py  -> /openapi.json  -> /docs
commands
frames   -> asyncapi.py -> /asyncapi.json -> /docs/socket
"""
