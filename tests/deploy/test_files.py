"""The files of `deploy/` name what exists: settings, paths, ports, fields of schemas."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
import yaml  # type: ignore[import-untyped]

from config.settings import CONFIG_FILE_VARIABLE, ENVIRONMENT_VARIABLES, Settings, load_settings
from config.settings_layers import LIMITS_PREFIX
from tests.deploy.conftest import DEPLOY, FindTool

ROOT = DEPLOY.parent
COMPOSE_SCHEMA = Path(__file__).with_name("compose-spec.json")
COMPOSE_FILE = DEPLOY / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes"
PAGE = ROOT / "docs" / "deployment.md"
VARIABLE = re.compile(r"\bCONVENE_[A-Z0-9_]*[A-Z0-9]\b")
IMAGE_BYTES_MAX = 250_000_000


def text_files() -> list[Path]:
    return [PAGE, *sorted(path for path in DEPLOY.rglob("*") if path.is_file())]


def known_variables() -> set[str]:
    limits = {LIMITS_PREFIX + field.name.upper() for field in msgspec.structs.fields(Settings().limits)}
    return {CONFIG_FILE_VARIABLE, *ENVIRONMENT_VARIABLES, *limits}


@pytest.mark.parametrize("path", text_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_named_variables_exist(path: Path) -> None:
    """A misspelt setting would be refused at start, by an operator's server."""
    assert set(VARIABLE.findall(path.read_text())) <= known_variables()


def run_tool(*arguments: str | Path, cwd: Path | None = None) -> str:
    """Run a program that must succeed; return what it wrote."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=100, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
    return loaded


def test_compose_file_follows_the_specification() -> None:
    """The JSON schema of the Compose Specification accepts it."""
    schema = json.loads(COMPOSE_SCHEMA.read_text())
    errors = [
        f"{list(error.instance_path)}: {error.message}"
        for error in jsonschema_rs.validator_for(schema).iter_errors(compose())
    ]
    assert errors == []


def test_compose_file_names_what_exists() -> None:
    """Mounted files, networks, volumes, and services that others depend on."""
    file = compose()
    for name, service in file["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            exists = (DEPLOY / source).exists() if source.startswith(".") else source in file["volumes"]
            assert exists, f"{name} mounts {source}"
        assert set(service.get("networks", ())) <= set(file["networks"]), name
        assert set(service.get("depends_on", ())) <= set(file["services"]), name


def test_compose_addresses_agree() -> None:
    """nginx forwards to the addresses of the instances, which trust the network of nginx."""
    file = compose()
    upstreams = re.findall(r"server ([\d.]+):8080", (DEPLOY / "nginx/upstream-compose.conf").read_text())
    instances = [
        file["services"][name]["networks"]["public"]["ipv4_address"] for name in ("convene-1", "convene-2")
    ]
    assert upstreams == instances
    subnet = file["networks"]["public"]["ipam"]["config"][0]["subnet"]
    assert file["services"]["convene-1"]["environment"]["CONVENE_PROXY_NETWORKS"] == subnet
    targets = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0]
    assert targets["static_configs"][0]["targets"] == ["convene-1:9090", "convene-2:9090"]


def test_settings_of_compose_are_accepted() -> None:
    """An instance loads them over `config/production.toml`."""
    variables: dict[str, str] = compose()["services"]["convene-1"]["environment"]
    settings = load_settings(ROOT / "config" / "production.toml", variables)
    assert settings.server.trusted_proxies == 1
    assert settings.server.management_port == 9090
    assert settings.stores.postgres_url_users is not None


def test_settings_of_kubernetes_are_accepted() -> None:
    """As in an instance's pod: the generated config map and the secret, over those of the image."""
    generator = yaml.safe_load((KUBERNETES / "base/kustomization.yaml").read_text())["configMapGenerator"][0]
    lines = [*generator["literals"], *(KUBERNETES / "example/stores.env").read_text().splitlines()]
    variables = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    settings = load_settings(ROOT / "config" / "production.toml", variables)
    assert settings.server.management_port == 9090
    assert settings.stores.redis_url is not None


def manifests() -> list[Path]:
    return [path for path in sorted(KUBERNETES.rglob("*.yaml")) if path.name != "kustomization.yaml"]


def test_every_manifest_is_applied() -> None:
    """A file that no kustomization names would be forgotten."""
    for folder in (KUBERNETES / "base", KUBERNETES / "example"):
        resources = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
        files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
        assert files == set(resources) - {"../base"}


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_manifests_follow_the_kubernetes_schemas(path: Path, find_tool: FindTool) -> None:
    """Strictly: a field that Kubernetes does not know fails."""
    run_tool(find_tool("kubernetes-validate"), "--strict", path)


def test_example_is_rendered_by_kustomize(find_tool: FindTool, tmp_path: Path) -> None:
    """The whole example, as `kubectl apply -k` sends it."""
    kubectl, validate = find_tool("kubectl"), find_tool("kubernetes-validate")
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(run_tool(kubectl, "kustomize", KUBERNETES / "example"))
    run_tool(validate, "--strict", rendered)
    kinds = [document["kind"] for document in yaml.safe_load_all(rendered.read_text())]
    assert {"Deployment", "HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget", "Secret"} <= set(kinds)


def test_dockerfile_passes_hadolint(find_tool: FindTool) -> None:
    """No warning either."""
    run_tool(find_tool("hadolint"), "--failure-threshold", "info", DEPLOY / "Dockerfile")


def allowed_paths() -> list[Path]:
    """The files and folders that `.dockerignore` lets into the image."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [ROOT / line[1:] for line in lines if line.startswith("!")]


def test_image_holds_what_running_imports() -> None:
    """Every package that the wheel of the project has, and the files that the Dockerfile names."""
    allowed = {str(path.relative_to(ROOT)) for path in allowed_paths()}
    assert all(path.exists() for path in allowed_paths())
    packages = re.search(r"^include = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    assert {name.strip(' "*') for name in packages[1].split(",")} <= allowed
    assert {"run.py", "locks/server.txt"} <= allowed


def test_unit_is_verified_by_systemd(find_tool: FindTool, tmp_path: Path) -> None:
    """With programs and users that exist on this machine in place of those of the unit."""
    unit = (DEPLOY / "systemd/convene@.service").read_text()
    python = "/opt/convene/.venv/bin/python"
    assert python in unit
    template = tmp_path / "convene@.service"
    template.write_text(unit.replace(python, "/bin/true"))
    (tmp_path / "convene.target").write_text((DEPLOY / "systemd/convene.target").read_text())
    written = run_tool(find_tool("systemd-analyze"), "verify", "--man=no", template)
    assert "convene" not in written, written


def test_nginx_accepts_every_file(find_tool: FindTool, tmp_path: Path) -> None:
    """With TLS and with the addresses of compose, which the journeys do not use."""
    nginx, openssl = find_tool("nginx"), find_tool("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    run_tool(
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=convene.example.org",
        "-keyout",
        key,
        "-out",
        certificate,
    )
    for path in (DEPLOY / "nginx").iterdir():
        text = path.read_text().replace("/var/log/nginx", str(tmp_path))
        text = text.replace("/etc/letsencrypt/live/convene.example.org/fullchain.pem", str(certificate))
        text = text.replace("/etc/letsencrypt/live/convene.example.org/privkey.pem", str(key))
        text = re.sub(r"listen (\[::\]:)?(80|443|8080)\b", r"listen \g<1>1\g<2>", text)
        if path.name == "nginx.conf":
            text = text.replace("pid /run/nginx.pid;", f"pid {tmp_path}/nginx.pid;")
            text = text.replace("server.conf", "server-tls.conf").replace(
                "upstream.conf", "upstream-compose.conf"
            )
            if os.getuid() != 0:
                text = text.replace("user www-data;", "")
        (tmp_path / path.name).write_text(text)
    run_tool(nginx, "-t", "-e", tmp_path / "error.log", "-c", tmp_path / "nginx.conf")


def test_caddy_accepts_its_file(find_tool: FindTool) -> None:
    """And it is written as `caddy fmt` writes it."""
    caddy, file = find_tool("caddy"), DEPLOY / "caddy/Caddyfile"
    run_tool(caddy, "validate", "--config", file, "--adapter", "caddyfile")
    run_tool(caddy, "fmt", "--diff", file)
