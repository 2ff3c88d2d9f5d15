"""Reports the state of a service to systemd with `Type=notify` (sd_notify(3)).

The protocol is one datagram per message to the socket that `NOTIFY_SOCKET` names.
"""

import logging
import os
import socket
from typing import Final

_log = logging.getLogger("convene")
SOCKET_VARIABLE: Final = "NOTIFY_SOCKET"
READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"


def notify_service_manager(state: str) -> None:
    """Send `state`. Does nothing where no service manager asked for it; an error is logged, not raised."""
    address = os.environ.get(SOCKET_VARIABLE)
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux' abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            # A manager that does not read must not stop the server.
            sender.setblocking(False)
            sender.sendto(state.encode(), address)
    except OSError as error:
        _log.warning("the service manager was not notified of %s: %s", state, error.strerror)
