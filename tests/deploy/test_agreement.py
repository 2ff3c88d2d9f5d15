"""The files of `deploy/` agree with the server and with each other: paths, ports, labels, times, sizes."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from config.limits import BODY_WITH_IDS_BYTES, Limits
from tests.deploy.conftest import DEPLOY, FindTool
from tests.deploy.test_files import COMPOSE_FILE, KUBERNETES, run_tool
from tests.server.api_docs.all_routes import collect_routes

LIVE, READY = "/healthz", "/readyz"
LIMITS = Limits()
SHUTDOWN_S = 4 * LIMITS.shutdown_ms / 1000
"""More steps than a shutdown has, each at its bound."""

UNITS = {"": 1, "s": 1, "m": 60, "k": 1024, "KB": 1000}
OFFLINE_RATING_VERSION = 250
EXPOSURE_MAX = 15
"""Tenths of systemd's scale from 0 to 10. Up to 2.0 counts as safe."""


def read(path: str) -> str:
    return (DEPLOY / path).read_text()


def quantity(text: str, pattern: str) -> int:
    """Return the only number with a unit that follows `pattern`, in seconds or bytes."""
    found = re.findall(rf"{pattern}\s+(\d+)([a-zA-Z]*)\b", text)
    assert len(found) == 1, (pattern, found)
    number, unit = found[0]
    return int(number) * UNITS[unit]


def manifest(path: str) -> Any:
    return yaml.safe_load((KUBERNETES / path).read_text())


def pod() -> Any:
    return manifest("base/deployment.yaml")["spec"]["template"]["spec"]


def container() -> Any:
    (only,) = pod()["containers"]
    return only


def container_environment() -> dict[str, str]:
    (generator,) = manifest("base/kustomization.yaml")["configMapGenerator"]
    return dict(line.split("=", 1) for line in generator["literals"])


def test_probes_ask_what_the_server_answers() -> None:
    """Liveness does not ask the stores; readiness does. Both on the public port."""
    probes = {name: container()[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": LIVE,
        "readiness": READY,
        "liveness": LIVE,
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert re.findall(r"health_uri (\S+)", read("caddy/Caddyfile")) == [READY]


def test_kubernetes_ports_are_those_of_the_instances() -> None:
    """Of the container, the service, the network policy and the annotation for Prometheus."""
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    environment = container_environment()
    assert ports == {
        "http": int(environment["CONVENE_PORT"]),
        "management": int(environment["CONVENE_MANAGEMENT_PORT"]),
    }
    assert [port["targetPort"] for port in manifest("base/service.yaml")["spec"]["ports"]] == ["http"]
    rules = manifest("base/network-policy.yaml")["spec"]["ingress"]
    assert [port["port"] for rule in rules for port in rule["ports"]] == ["http", "management"]
    assert "from" not in rules[0]
    assert rules[1]["from"], "the management port is open to everyone"
    annotations = manifest("base/deployment.yaml")["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == environment["CONVENE_MANAGEMENT_PORT"]


def selectors() -> Iterator[tuple[str, dict[str, str]]]:
    deployment = manifest("base/deployment.yaml")["spec"]
    yield "deployment", deployment["selector"]["matchLabels"]
    for constraint in deployment["template"]["spec"]["topologySpreadConstraints"]:
        yield "spread", constraint["labelSelector"]["matchLabels"]
    yield "service", manifest("base/service.yaml")["spec"]["selector"]
    yield "disruption budget", manifest("base/disruption-budget.yaml")["spec"]["selector"]["matchLabels"]
    yield "network policy", manifest("base/network-policy.yaml")["spec"]["podSelector"]["matchLabels"]


def test_kubernetes_names_lead_to_the_pods() -> None:
    """Selectors are the labels of the pods; the autoscaler and the ingress name what exists."""
    deployment = manifest("base/deployment.yaml")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert {name: selected for name, selected in selectors() if selected != labels} == {}
    target = manifest("base/autoscaler.yaml")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (deployment["kind"], deployment["metadata"]["name"])
    service = manifest("base/service.yaml")
    backends = [
        path["backend"]["service"]
        for rule in manifest("example/ingress.yaml")["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    port = service["spec"]["ports"][0]["name"]
    assert backends == [{"name": service["metadata"]["name"], "port": {"name": port}}]


def test_nothing_is_stopped_with_force_during_a_drain() -> None:
    """systemd, Compose and Kubernetes wait longer than all steps of a shutdown."""
    settings = pod()
    pre_stop_s = int(container()["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert settings["terminationGracePeriodSeconds"] - pre_stop_s >= SHUTDOWN_S
    compose = yaml.safe_load(COMPOSE_FILE.read_text())["services"]["convene-1"]
    assert int(compose["stop_grace_period"].removesuffix("s")) >= SHUTDOWN_S
    unit = read("systemd/convene@.service")
    assert quantity(unit.replace("=", " "), "TimeoutStopSec") >= SHUTDOWN_S


def test_proxies_wait_longer_than_the_heartbeat() -> None:
    """An idle websocket or event stream is closed by the instance, not by the proxy."""
    heartbeat_s = LIMITS.heartbeat_ms / 1000
    locations = re.findall(r"location = (\S+) \{(.*?)\n\}", read("nginx/proxy.conf"), re.DOTALL)
    assert [path for path, _ in locations] == ["/v1/ws", "/v1/stream"]
    for path, text in locations:
        assert quantity(text, "proxy_read_timeout") > 2 * heartbeat_s, path
    annotations = manifest("example/ingress.yaml")["metadata"]["annotations"]
    for name in ("read", "send"):
        timeout = annotations[f"nginx.ingress.kubernetes.io/proxy-{name}-timeout"]
        assert int(timeout) > 2 * heartbeat_s


def test_proxies_close_idle_connections_first() -> None:
    """Otherwise a request meets a connection that the instance is closing."""
    for path in ("nginx/upstream.conf", "nginx/upstream-compose.conf"):
        assert quantity(read(path), "keepalive_timeout") < LIMITS.http_keepalive_s
    assert quantity(read("caddy/Caddyfile"), r"\bkeepalive") < LIMITS.http_keepalive_s


def test_proxies_accept_the_largest_body() -> None:
    """What is larger gets the server's own error."""
    assert quantity(read("nginx/limits.conf"), "client_max_body_size") > BODY_WITH_IDS_BYTES
    assert quantity(read("caddy/Caddyfile"), "max_size") > BODY_WITH_IDS_BYTES
    annotations = manifest("example/ingress.yaml")["metadata"]["annotations"]
    size = annotations["nginx.ingress.kubernetes.io/proxy-body-size"]
    assert quantity(f"size {size}", "size") > BODY_WITH_IDS_BYTES


def test_upstreams_differ_in_addresses_only() -> None:
    """What holds for instances on one machine holds in Compose."""
    texts = [read(f"nginx/{name}.conf") for name in ("upstream", "upstream-compose")]
    lines = [[re.sub(r"server \S+", "server", line) for line in text.splitlines()] for text in texts]
    directives = [[line for line in those if not line.strip().startswith("#")] for those in lines]
    assert directives[0] == directives[1]


def test_logs_leave_out_every_secret_of_a_path() -> None:
    """Each route with a token in its path is named for the access log, and for the error log."""
    (kinds,) = re.findall(r"\(\?<secret_kind>([a-z|-]+)\)", read("nginx/limits.conf"))
    (of_location,) = re.findall(r"location ~ \^/v1/\(([a-z|-]+)\)/", read("nginx/proxy.conf"))
    assert of_location == kinds
    routes = {route.path.split("/")[2] for route in collect_routes() if "{token" in route.path}
    assert routes
    assert routes <= set(kinds.split("|"))


def test_image_runs_as_the_user_of_kubernetes() -> None:
    """Not as root, by number, so that `runAsNonRoot` can be checked."""
    users = re.findall(r"^USER (\d+):(\d+)$", read("Dockerfile"), re.MULTILINE)
    context = pod()["securityContext"]
    assert users == [(str(context["runAsUser"]), str(context["runAsGroup"]))]
    assert context["runAsNonRoot"] is True
    assert container()["securityContext"]["readOnlyRootFilesystem"] is True
    assert yaml.safe_load(COMPOSE_FILE.read_text())["services"]["convene-1"]["read_only"] is True


def health_check() -> list[str]:
    """The command of the image's health check."""
    (command,) = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (\[.*\])$", read("Dockerfile"), re.MULTILINE)
    words: list[str] = json.loads(command)
    return words


def test_health_check_of_the_image_asks_for_readiness() -> None:
    """Compose starts nginx and the next instance when it succeeds."""
    assert f"{READY}'" in health_check()[-1]


def test_unit_waits_for_the_instance() -> None:
    """A restart ends when the instance serves, so that one after the other can be restarted."""
    lines = read("systemd/convene@.service").splitlines()
    assert {"Type=notify", "NotifyAccess=main", "Restart=always", "KillMode=mixed"} <= set(lines)


def test_unit_is_hardened(find_tool: FindTool) -> None:
    """By the rating of systemd itself."""
    unit = DEPLOY / "systemd/convene@.service"
    analyze = find_tool("systemd-analyze")
    version = re.match(r"systemd (\d+)", run_tool(analyze, "--version"))
    assert version is not None
    if int(version[1]) < OFFLINE_RATING_VERSION:
        pytest.skip("this systemd-analyze rates loaded units only")
    run_tool(analyze, "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", unit)


@pytest.mark.parametrize("name", ["nginx/server.conf", "nginx/server-tls.conf"])
def test_each_server_includes_the_locations(name: str) -> None:
    """A server block without them serves nginx' own page."""
    servers = re.findall(r"^server \{(.*?)^\}", read(name), re.DOTALL | re.MULTILINE)
    assert servers
    assert all("include proxy.conf;" in text or "return 308 https://" in text for text in servers)
