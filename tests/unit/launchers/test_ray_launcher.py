"""What `quickml cluster` says when the cluster, Ray or the token is missing. The cluster itself is in acceptance."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace
from unittest.mock import Mock

import pytest

import commands
from quickml.cli.commands.cluster import ClusterAsked, seat_kinds
from quickml.errors import LauncherError
from quickml.launchers.launcher import SeatKind
from quickml.launchers.ray.driver import RayDriver, told_in_one_line
from quickml.launchers.ray.launcher import FIRST_TRIES, RayLauncher
from quickml.launchers.ray.messages import RayOptions, kind_of, options_line, options_of
from quickml.settings import Settings, WorkerSettings, flags, load
from waiting import until


@pytest.fixture(autouse=True)
def ray_is_found(monkeypatch, tmp_path):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "ray" or found(name))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)


def launcher(address="127.0.0.1:1"):
    return RayLauncher(RayOptions(address=address, options=()))


@pytest.mark.parametrize(
    "address", ["", "host", "http://host:1", "ray://host", "host:port", "ray://a:b@h:1", "h:1/x"]
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(LauncherError, match="expected auto, HOST:PORT or ray://HOST:PORT, found"):
        launcher(address)


def test_ray_that_is_not_installed_is_named_with_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LauncherError, match=r"pip install 'quickml-coreml\[ray\]'"):
        launcher()


def test_a_token_is_expected_unless_it_is_in_a_file_or_switched_off(monkeypatch, tmp_path):
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    with pytest.raises(LauncherError, match="expected the token of the Ray cluster, found no file"):
        launcher()
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("0" * 64)
    launcher()
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(tmp_path / "missing"))
    with pytest.raises(LauncherError, match="missing: expected the token"):
        launcher()
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    launcher()


def test_an_address_at_which_nothing_listens_ends_the_first_connection():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(LauncherError, match=f"Ray cluster at {address}: .*nothing answers there"):
            launcher(address).tend()


@pytest.fixture
def failing(monkeypatch, tmp_path):
    """Make Ray fail to connect a number of times, in the process of the driver."""

    def fail(times):
        (tmp_path / "tries").write_text("x" * times)
        (tmp_path / "ray.py").write_text(
            "from pathlib import Path\n"
            "def init(**_):\n"
            f"    tries = Path({str(tmp_path / 'tries')!r})\n"
            "    left = tries.read_text()\n"
            "    tries.write_text(left[1:])\n"
            "    if left: raise RuntimeError('Starting Ray client server failed.')\n"
        )
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
        return RayLauncher(RayOptions(address="auto", options=()), clock=lambda: 3 * time.monotonic())

    return fail


def test_ray_that_fails_to_connect_is_tried_again(failing):
    launcher = failing(FIRST_TRIES - 1)
    try:
        until(lambda: launcher.tend() or launcher.is_connected, "the connection")
    finally:
        launcher.close()


def test_ray_that_cannot_connect_ends_the_launcher(failing):
    launcher = failing(FIRST_TRIES)
    with pytest.raises(LauncherError, match=r"none that can be used: Starting Ray client"):
        until(lambda: launcher.tend() or launcher.is_connected, "the error")


def test_a_cluster_needs_a_database_that_other_machines_reach(tmp_path):
    result = commands.quickml("cluster", "--address", "127.0.0.1:1", "--data", tmp_path)
    assert result.returncode == 1
    assert "expected a database that other machines reach" in result.stderr


def test_settings_that_are_not_by_default_reach_the_workers_and_no_others(tmp_path):
    given = {
        "database": "postgresql://me@db.example.org/x",
        "database_password_file": "p",
        "lease_s": "5",
        "port": "1",
    }
    settings = load(given, {})
    assert flags(Settings(), ["database", "lease_s", "grace_s"]) == []
    found = flags(settings, ["database", "database_password_file", "lease_s", "grace_s"])
    assert found[:2] == ["--database", "postgresql://me@db.example.org/x"]
    assert found[2] == "--database-password-file"
    assert found[3].endswith("/p")
    assert found[3].startswith("/")  # a worker has another working directory
    assert found[4:] == ["--lease-s", "5"]


def test_options_reach_the_driver_and_errors_of_ray_become_one_line():
    options = RayOptions(address="auto", options=("--seats", "1"))
    assert options_of(options_line(options)) == options
    kind = SeatKind(name="half", cpus=0.5, gpus=0.25, options=("--worker-threads", "1"))
    assert kind_of(json.loads(json.dumps(asdict(kind)))) == kind
    mismatch = (
        "Version mismatch: The cluster was started with:\n    Ray: 2.59.0\n    Python: 3.11.2\nThis process"
    )
    assert told_in_one_line(RuntimeError(mismatch)) == (
        "Version mismatch: The cluster was started with: Ray: 2.59.0 Python: 3.11.2 This process"
    )
    trace = "ray::X\n  File x\nModuleNotFoundError: No module named 'quickml'\n"
    assert told_in_one_line(RuntimeError(trace)) == "ModuleNotFoundError: No module named 'quickml'"
    assert told_in_one_line(RuntimeError()) == "RuntimeError"


def test_a_seat_with_a_gpu_reserves_its_part_of_it_and_others_use_none():
    asked = ClusterAsked(
        address="auto", least=0, most=5, least_gpu=3, most_gpu=2, cpus=4.0, idle_s=60.0,
    )  # fmt: skip
    (plain, scale), (gpu, gpu_scale) = seat_kinds(asked, WorkerSettings(seats_per_gpu=7)).items()
    assert (plain.cpus, plain.gpus) == (4.0, 0.0)
    assert plain.options == ("--worker-threads", "4", "--express-workers", "0", "--gpus", "0")
    assert (gpu.cpus, gpu.gpus, gpu.options[-2:]) == (4.0, 0.1428, ("--gpus", "1"))
    assert (scale.most, gpu_scale.least, gpu_scale.most) == (5, 2, 2)
    assert len(seat_kinds(replace(asked, most_gpu=0), WorkerSettings())) == 1


def test_express_seats_are_some_of_all_and_never_more():
    asked = ClusterAsked(address="auto", least=4, most=5, least_gpu=0, most_gpu=0, cpus=1.0, idle_s=60.0)
    (plain, scale), (express, express_scale) = seat_kinds(asked, WorkerSettings(express_workers=2)).items()
    assert (plain.is_express, scale.least, scale.most) == (False, 3, 3)
    assert (express.is_express, express_scale.least, express_scale.most) == (True, 0, 2)
    assert express.options == ("--worker-threads", "1", "--express-workers", "1", "--gpus", "0")
    both = seat_kinds(asked, WorkerSettings(express_workers=9)).values()
    assert [one.most for one in both] == [0, 5]


def test_the_driver_asks_ray_for_what_a_seat_of_its_kind_has():
    ray = Mock()
    driver = RayDriver(ray, RayOptions(address="auto", options=("--seats", "1")), Mock())
    kind = SeatKind(name="gpu", cpus=2.0, gpus=0.5, options=("--gpus", "1"))
    driver.do({"do": "start", "host_id": "host_1", "kind": asdict(kind)})
    options = ray.remote.return_value.options
    assert (options.call_args.kwargs["num_cpus"], options.call_args.kwargs["num_gpus"]) == (2.0, 0.5)
    (given,) = options.return_value.remote.call_args.args
    assert given == ["--seats", "1", "--gpus", "1", "--host-id", "host_1"]


def test_a_seat_ends_once_even_if_the_cluster_is_lost_with_it(monkeypatch):
    held = launcher()
    monkeypatch.setattr(held, "_connect", lambda: None)
    held._process, held._is_connected, held._was_ever_connected = (
        subprocess.Popen(["sleep", "60"]),
        True,
        True,
    )
    held.start("host_1", SeatKind())
    for message in ({"failed": "a"}, {"failed": "a"}, {"ended": "host_1", "trouble": "b"}):
        held._messages.put(message)
    assert [(one.host_id, one.trouble) for one in held.tend()] == [("host_1", "Ray: a")]
    assert held.tend() == []
    assert held._pause_s == 2.0
