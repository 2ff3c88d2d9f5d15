"""The peers by name: what each runs on, how it is spoken to, and which of those asked for can be measured."""

from collections.abc import Sequence
from contextlib import ExitStack

import msgspec

from bench.harness.server import SingleProcessServer, WireFormat, free_port
from bench.peers.environments import ERLANG, NODE, PYTHON, Environment, NotInstalled
from bench.peers.redis_broker import RedisBroker

START_S = 30.0


class Peer(msgspec.Struct, frozen=True):
    """`program` is its file's name, in `python/` or `node/` where it is ours."""

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
    """A peer that was not measured, and why."""

    peer: Peer
    reason: str


def start_peers(
    stack: ExitStack, peers: Sequence[Peer]
) -> tuple[list[SingleProcessServer], list[MissingPeer]]:
    """Start those that are installed, with one Redis for all; the stack ends them.

    Raises:
        ServerFailed: one is installed and does not start.
    """
    commands: list[tuple[Peer, list[str]]] = []
    absent = []
    for peer in peers:
        try:
            commands.append((peer, peer.environment.command(peer.program)))
        except NotInstalled as reason:
            absent.append(MissingPeer(peer, str(reason)))
    if not commands:
        return [], absent
    redis_url = stack.enter_context(RedisBroker()).url
    present = []
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
        present.append(stack.enter_context(server))
    return present, absent


def describe_peers(peers: Sequence[Peer], missing_peers: Sequence[MissingPeer]) -> str:
    """What stands below a table of these peers: the versions of what was measured, and what was not."""
    missing = {one.peer.environment.name for one in missing_peers}
    asked = {one.environment.name: one.environment for one in peers}
    versions = [each for name, one in asked.items() if name not in missing for each in one.versions()]
    told = [f"Peers: {', '.join(versions)}."] if versions else []
    told += [f"{one.peer.name}: not installed ({one.reason})." for one in missing_peers]
    return "\n\n".join(told)
