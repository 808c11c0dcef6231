"""Which GPUs a machine has, by a driver that is made up, and what the seats have of them."""

import os

import pytest

from executor_bench import worker_options
from fake_gpus import LISTING, UUIDS, built_for_cuda, driver
from job_examples import opened
from quickml.errors import GpuError
from quickml.executors.local.executor import Express, LocalExecutor
from quickml.executors.local.gpus import GpuSeat, gpu_seats, gpus, has_cuda_build, listed, share, visible
from quickml.executors.local.supervisor import WorkerLimits
from quickml.jobs.hosts import Hosts
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import ANY_SEAT, Seat

GIB = 1 << 30


def test_a_machine_without_a_driver_has_no_gpus(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []
    assert gpu_seats(None, 2) == ()


def test_the_driver_is_asked_once_for_what_is_needed(tmp_path, monkeypatch):
    asked = driver(tmp_path, monkeypatch)
    first, second = gpus()
    assert (first.index, first.uuid, first.name) == (0, UUIDS[0], "NVIDIA A10G")
    assert (second.name, second.memory_bytes) == ("Tesla T4, 16GB", 15 * GIB)
    assert asked.read_text() == ("--query-gpu=index,uuid,name,memory.total --format=csv,noheader,nounits\n")


@pytest.mark.parametrize(("listing", "code"), [
    ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.", 9),
    ("No devices were found\n", 6), ("No devices were found\n", 0), ("", 0), ("0, GPU-1", 0),
    ("0, GPU-1, NVIDIA GB10, [N/A]\n", 0), ("x, GPU-1, A, 5\n", 0),
])  # fmt: skip
def test_a_driver_that_does_not_work_lists_none(listing, code, tmp_path, monkeypatch, caplog):
    driver(tmp_path, monkeypatch, listing, code)
    assert gpus() == []
    assert bool(caplog.records) == bool(listing)


def test_a_driver_that_hangs_lists_none(tmp_path, monkeypatch):
    driver(tmp_path, monkeypatch)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    monkeypatch.setattr("quickml.executors.local.gpus.LIST_S", 0.1)
    assert gpus() == []


@pytest.mark.parametrize(("named", "numbers"), [
    (None, [0, 1]), ("", []), ("-1", []), ("NoDevFiles", []), ("1", [1]), ("1,0", [1, 0]), ("0,-1,1", [0]),
    ("0,7,1", [0]), (UUIDS[1], [1]), (UUIDS[1][:8], [1]), ("GPU-", []), (f"{UUIDS[1]}, 0", [1, 0]), ("0,0", [0]),
    ("MIG-1b2c3d4e", []),
])  # fmt: skip
def test_only_gpus_that_cuda_would_show_are_used(named, numbers):
    assert [gpu.index for gpu in visible(listed(LISTING), named)] == numbers


def test_all_gpus_are_used_if_tensorflow_can_and_as_many_as_are_asked_for(tmp_path, monkeypatch):
    asked = driver(tmp_path / "bin", monkeypatch)
    built_for_cuda(tmp_path / "without", monkeypatch, is_so=False)
    assert not has_cuda_build()
    assert gpu_seats(None, 1) == gpu_seats(0, 1) == ()
    assert not asked.exists(), "nobody needs to know"
    assert len(gpu_seats(1, 1)) == 1, "whether TensorFlow can use it, its worker says"
    built_for_cuda(tmp_path / "with", monkeypatch)
    assert has_cuda_build()
    seats = gpu_seats(None, 2)
    assert [seat.uuid for seat in seats] == [*UUIDS, *UUIDS], "the first seats are on different GPUs"
    assert [seat.memory_bytes for seat in seats[1::2]] == [15 * GIB // 2 - GIB] * 2
    with pytest.raises(GpuError, match="gpus: expected 3 of NVIDIA on this machine, found 2; see"):
        gpu_seats(3, 1)


def test_seats_share_the_memory_that_their_processes_leave():
    assert share(16 * GIB, 1) == 15 * GIB
    assert share(16 * GIB, 4) == 3 * GIB
    assert share(4 * GIB, 4) == GIB // 2, "half of a part at least"


@pytest.fixture
def made(tmp_path):
    """The limits and kinds of the seats of an executor."""
    database = opened(tmp_path / "quickml.db")

    def made(workers, gpus=(), express=0, **limits):
        executor = LocalExecutor(
            JobStore(database),
            Hosts(database),
            WorkerLimits(options=worker_options(tmp_path), **limits),
            workers=workers,
            scratch=tmp_path / "scratch",
            kind="worker",
            gpus=gpus,
            express=Express(seats=express),
        )
        seats = [supervisor._take.args[0] for supervisor in executor._supervisors]
        return executor.host, seats, [supervisor._limits for supervisor in executor._supervisors]

    yield made
    database.close()


def test_the_last_seats_of_a_host_have_the_gpus_and_each_sees_its_own(made):
    two = [GpuSeat(uuid=uuid, memory_bytes=number * GIB) for number, uuid in enumerate(UUIDS, 1)]
    host, seats, limits = made(4, two, express=1, memory_bytes=3 * GIB)
    assert (host.seats, host.express_seats, host.gpus, host.gpu_seats) == (4, 1, 2, 2)
    assert seats == [Seat(most_s=60.0), ANY_SEAT, Seat(has_gpu=True), Seat(has_gpu=True)]
    shown = [one.environment["CUDA_VISIBLE_DEVICES"] for one in limits]
    assert shown == ["-1", "-1", *UUIDS]
    assert [one.options.gpu_memory_bytes for one in limits] == [None, None, GIB, 2 * GIB]
    assert [one.memory_bytes for one in limits] == [3 * GIB, 3 * GIB, 7 * GIB, 7 * GIB]


def test_a_host_with_fewer_seats_than_gpus_have_uses_the_first(made):
    shared = [GpuSeat(uuid=uuid, memory_bytes=GIB) for _ in range(2) for uuid in UUIDS]
    host, _, limits = made(1, shared)
    assert (host.gpus, host.gpu_seats) == (1, 1)
    assert limits[0].environment["CUDA_VISIBLE_DEVICES"] == UUIDS[0]
    assert made(0, shared)[0].gpus == 0


def test_tensorflow_is_not_loaded_to_look_for_gpus(tmp_path, monkeypatch):
    driver(tmp_path / "bin", monkeypatch)
    built_for_cuda(tmp_path / "with", monkeypatch)  # it fails where it is loaded
    assert len(gpu_seats(None, 1)) == 2
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
