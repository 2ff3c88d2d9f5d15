"""The peers by name, and starting the installed ones."""

from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.server import SingleProcessServer, WireFormat, free_port
from bench.peers.environments import ERLANG, NODE, PYTHON, Environment, NotInstalled
from bench.peers.redis_broker import RedisBroker

START_S = 30.0


class Peer(msgspec.Struct, frozen=True):
    """A peer server. `program` is the name of its file in `python/`, `node/` or this folder."""

    name: str
    program: str
    environment: Environment
    wire_format: WireFormat = WireFormat.PLAIN


NODE_WS = Peer("Node ws", "ws_chat", NODE)
SOCKET_IO = Peer("socket.io + Redis", "socket_io_chat", NODE, WireFormat.SOCKET_IO)
PYTHON_SOCKETIO = Peer("python-socketio + Redis", "socketio_chat", PYTHON, WireFormat.SOCKET_IO)
CHANNELS = Peer("Channels + Redis", "channels_chat", PYTHON)
EJABBERD = Peer("ejabberd", "ejabberd", ERLANG, WireFormat.XMPP)


class MissingPeer(msgspec.Struct, frozen=True):
    """A peer that is not installed."""

    peer: Peer
    reason: str


def start_peers(
    stack: ExitStack, peers: Sequence[Peer]
) -> tuple[list[SingleProcessServer], list[MissingPeer]]:
    """Start the installed peers with a shared Redis; `stack` stops them.

    Raises:
        ServerFailed: an installed peer did not start.
    """
    commands: list[tuple[Peer, list[str]]] = []
    missing_peers = []
    for peer in peers:
        try:
            commands.append((peer, peer.environment.command(peer.program)))
        except NotInstalled as reason:
            missing_peers.append(MissingPeer(peer, str(reason)))
    if not commands:
        return [], missing_peers
    redis_url = stack.enter_context(RedisBroker()).url
    servers = []
    for peer, command in commands:
        port = free_port()
        server = SingleProcessServer(
            peer.name,
            port,
            [*command, "--port", str(port), "--redis", redis_url],
            peer.environment.variables(),
            start_timeout_s=START_S,
            wire_format=peer.wire_format,
        )
        servers.append(stack.enter_context(server))
    return servers, missing_peers


def describe_peers(peers: Sequence[Peer], missing_peers: Sequence[MissingPeer]) -> str:
    """Return the note under a table: the versions of the measured peers, and the missing ones."""
    missing = {missing.peer.environment.name for missing in missing_peers}
    environments = {peer.environment.name: peer.environment for peer in peers}
    versions = [
        version
        for name, environment in environments.items()
        if name not in missing
        for version in environment.versions()
    ]
    notes = [f"Peers: {', '.join(versions)}."] if versions else []
    notes += [f"{missing.peer.name}: not installed ({missing.reason})." for missing in missing_peers]
    return "\n\n".join(notes)
