"""HTTP, websocket and command line interfaces.

Routes and sockets depend on storage contracts. `composition/` and `cli/` open stores with their drivers.
"""
