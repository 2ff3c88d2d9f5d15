"""All attacks by name."""

from bench.attackers import connection_floods, frame_floods, reconnect_floods, request_floods

ATTACKS = {
    **frame_floods.ATTACKS,
    **connection_floods.ATTACKS,
    **request_floods.ATTACKS,
    **reconnect_floods.ATTACKS,
}
