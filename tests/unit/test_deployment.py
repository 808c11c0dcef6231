"""The files of `deploy/` and the page about them, as far as they can be checked without a machine to deploy to."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from nginx_process import CONFIGURATION, filled
from quickml.settings import TABLE, Settings
from server_process import ROOT

DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNIT = (DEPLOY / "quickml.service").read_text()
NAMES = {"SERVER_NAME", "HTTP_PORT", "HTTPS_PORT", "CERTIFICATES", "UPSTREAM", "ARTIFACTS"}
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")


def settings():
    return {row.name for row in TABLE}


def is_runnable(*command):
    """Whether a program is installed and does this."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def serve_lines():
    """Every command line that starts a server."""
    lines = [line for line in PAGE.splitlines() if line.startswith("quickml serve")]
    lines += re.findall(r"^ExecStart=(.+)$", UNIT, re.MULTILINE)
    lines += [
        " ".join(re.findall(r'"([^"]+)"', re.search(r"^CMD \[(\"serve.+)\]$", DOCKERFILE, re.MULTILINE)[1]))
    ]
    lines += [" ".join(re.findall(r"^      - (\S+)$", (DEPLOY / "compose.yaml").read_text(), re.MULTILINE))]
    return lines


@pytest.mark.parametrize("line", serve_lines())
def test_a_server_is_started_with_flags_that_there_are(line):
    assert "serve" in shlex.split(line)
    assert {flag.replace("-", "_") for flag in FLAG.findall(line)} <= settings()


def test_the_settings_that_matter_are_settings():
    table = PAGE.split("## The settings that matter")[1]
    named = {
        name
        for cell in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    assert len(named) >= 10
    assert named <= settings()


def test_the_figures_to_watch_are_there():
    source = (ROOT / "src" / "quickml" / "http" / "server" / "metrics.py").read_text()
    figures = set(re.findall(r"`(quickml_\w+)", PAGE))
    assert len(figures) >= 8
    assert {name for name in figures if f'"{name.removesuffix("_total")}"' not in source} == set()


# nginx


def test_the_names_in_the_configuration_are_those_that_the_page_replaces():
    found = set(re.findall(r"\$\{([A-Z_]+)\}", CONFIGURATION.read_text()))
    assert found == NAMES
    (command,) = re.findall(r"envsubst '(.+?)'", PAGE)
    assert set(command.replace("$", "").split()) == NAMES
    compose = (DEPLOY / "compose.yaml").read_text()
    assert set(re.findall(r"^      ([A-Z_]+): ", compose, re.MULTILINE)) == NAMES


def test_the_size_of_a_request_is_the_same_as_the_servers():
    (limit,) = re.findall(r"client_max_body_size (\d+)m;", CONFIGURATION.read_text())
    assert int(limit) << 20 == Settings.of(data=Path()).server.max_body_bytes


def test_nginx_waits_longer_than_the_pause_between_two_heartbeats():
    for seconds in re.findall(r"proxy_read_timeout (\d+)s;", CONFIGURATION.read_text()):
        assert int(seconds) >= 3 * Settings.of(data=Path()).server.heartbeat_s


@pytest.mark.skipif(shutil.which("envsubst") is None, reason="envsubst is not installed here")
def test_envsubst_fills_it_in_as_the_tests_do():
    values = {name: f"value-of-{name}" for name in NAMES}
    wanted = " ".join(f"${name}" for name in NAMES)
    text = CONFIGURATION.read_text()
    done = subprocess.run(
        ["envsubst", wanted], input=text, env=values, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == filled(text, values)


# systemd


@pytest.mark.skipif(not is_runnable("systemd-analyze", "--version"), reason="systemd is not installed here")
def test_the_unit_is_one(tmp_path):
    installed = UNIT.replace("/opt/quickml/bin/quickml", shutil.which("true"))
    assert installed != UNIT
    (tmp_path / "quickml.service").write_text(installed)
    done = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "quickml.service"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_whoever_ends_the_server_waits_until_it_has_saved():
    needed = Settings.of(data=Path()).workers.grace_s + 5
    assert int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)[1]) > needed
    compose = (DEPLOY / "compose.yaml").read_text()
    assert int(re.search(r"stop_grace_period: (\d+)s", compose)[1]) > needed


# Docker


def test_the_image_has_what_the_package_is_made_of():
    lines = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    copied = {name for line in lines for name in line.split()}
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {project["readme"], *(Path(name).parts[0] for name in project["license-files"])} <= copied
    assert all((ROOT / name).exists() for name in copied)


def test_nothing_in_the_image_runs_as_root():
    base, *images = re.split(r"^FROM ", DOCKERFILE.partition(" AS base\n")[2], flags=re.MULTILINE)
    assert re.search(r"^USER quickml$", base, re.MULTILINE)
    assert base.index("USER quickml") < base.index("ENTRYPOINT")
    assert [image.split("\n")[0] for image in images] == ["base AS gpu", "base AS cpu"]
    assert not re.search(r"^(?:USER|RUN) ", "".join(images), re.MULTILINE)


@pytest.mark.parametrize("name", ["compose.yaml", "compose.many.yaml"])
@pytest.mark.skipif(
    not is_runnable("docker", "compose", "version"), reason="docker compose is not installed here"
)
def test_docker_compose_understands_the_file(name):
    done = subprocess.run(
        ["docker", "compose", "-f", DEPLOY / name, "config", "--quiet"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_the_compose_file_shows_nginx_the_files_and_nothing_else():
    compose = pytest.importorskip("yaml").safe_load((DEPLOY / "compose.yaml").read_text())
    server, nginx = compose["services"]["quickml"], compose["services"]["nginx"]
    mounted = dict(volume.split(":", 1) for volume in nginx["volumes"])
    assert mounted["artifacts"] == f"{nginx['environment']['ARTIFACTS']}:ro"
    assert "data" not in mounted
    assert all(place.endswith(":ro") for place in mounted.values())
    assert (DEPLOY / "nginx.conf").samefile(DEPLOY / next(name for name in mounted if name.endswith(".conf")))
    assert "--accel-redirect=/protected/" in server["command"]
    assert "ports" not in server
    assert set(compose["volumes"]) == {"data", "artifacts"}
