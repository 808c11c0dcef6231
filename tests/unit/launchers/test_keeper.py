"""Seats that are kept for the queue of a real database, at a launcher in memory."""

import json
from pathlib import Path

import pytest

from quickml.document import read
from quickml.errors import StoreError
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.job import GPU, Limits, NewJob
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import Seat
from quickml.launchers.keeper import SeatKeeper
from quickml.launchers.launcher import EndedSeat, SeatKind
from quickml.launchers.scaling import Scale
from quickml.storage.addresses import Addresses, databases

TEXT = Path(__file__).parents[3].joinpath("iris_spec.json").read_text(encoding="utf-8")


ON_GPU = SeatKind(name="gpu", gpus=0.5)


class MemoryLauncher:
    """Holds seats until told that they have ended."""

    def __init__(self):
        self.is_connected, self.held, self.drained, self.ended = True, [], [], []
        self.kinds = {}

    def tend(self):
        ended, self.ended = self.ended, []
        return ended

    def seats(self):
        return list(self.held)

    def start(self, host_id, kind):
        assert self.is_connected
        self.kinds[host_id] = kind
        self.held.append(host_id)

    def drain(self, host_id):
        self.drained.append(host_id)

    def close(self):
        self.held.clear()

    def end(self, host_id, trouble=""):
        self.held.remove(host_id)
        self.ended.append(EndedSeat(host_id=host_id, trouble=trouble))


class World:
    def __init__(self, folder, gpu_seats=0, **scale):
        addresses = Addresses.of_paths(database=folder / "quickml.db", files=folder / "artifacts")
        self.database = databases.open(addresses.database)
        self.jobs, self.hosts = JobStore(self.database), Hosts(self.database)
        self.launcher, self.now = MemoryLauncher(), 0.0
        self.limits = Limits(running_per_owner=2)
        self.keeper = SeatKeeper(
            self.launcher, self.hosts, self.jobs,
            kinds={
                SeatKind(): Scale(**{"most": 10, "idle_s": 60, **scale}),
                ON_GPU: Scale(most=gpu_seats, idle_s=60),
            },
            limits=self.limits,
            clock=lambda: self.now,
        )  # fmt: skip

    def submit(self, owner, count=1, **fields):
        plan = read(TEXT).to_json()
        for _ in range(count):
            self.jobs.submit(
                NewJob(
                    owner=owner,
                    name="iris",
                    document=TEXT,
                    epochs=json.loads(TEXT)["training"]["epochs"],
                    plan=plan,
                    **fields,
                )
            )

    def join(self, host_id):
        self.hosts.join(Host(id=host_id, name="node"))

    def step(self, seconds=1.0):
        self.now += seconds
        self.keeper.step()
        return len(self.launcher.held)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.database.close()


def test_seats_are_started_for_jobs_that_could_begin_and_end_when_they_are_idle(world):
    world.submit("ann", 5)
    world.submit("bob")
    assert world.step() == 3  # ann may run two
    assert world.step() == 3
    for host_id in world.launcher.held:
        world.join(host_id)
        assert world.jobs.claim(host_id, world.limits)
    assert world.step() == 3
    busy, *idle = world.launcher.held
    for job in world.jobs.jobs():
        if job.holder != busy:
            world.jobs.cancel(job.id)
    world.step(59)
    assert world.launcher.drained == []
    world.step(2)
    world.step(10)
    assert sorted(world.launcher.drained) == sorted(idle)  # once each
    for host_id in idle:
        world.hosts.leave(host_id)
        world.launcher.end(host_id)
    world.submit("cid")
    assert world.step() == 2  # what was asked to end is no failure


def test_free_seats_of_other_hosts_are_used_first_but_not_those_for_short_jobs(world):
    world.hosts.join(Host(id="server", name="other", seats=3, express_seats=1))
    world.submit("ann")
    world.submit("bob")
    assert world.step() == 0
    world.submit("cid")
    assert world.step() == 1


def test_seats_that_fail_are_started_again_after_pauses_that_grow(world):
    world.submit("ann", 2)
    assert world.step() == 2
    for pause_s in (1, 2, 4):
        for host_id in list(world.launcher.held):
            world.launcher.end(host_id, "no module named quickml")
        assert world.step(100) == 0
        assert world.step(pause_s - 0.5) == 0
        assert world.step(0.5) == 2
    for _ in range(10):
        for host_id in list(world.launcher.held):
            world.launcher.end(host_id, "no module named quickml")
        world.step(100)
        assert world.step(60) == 2


def test_nothing_is_started_without_a_connection_and_a_seat_that_was_given_up_is_replaced(world):
    world.launcher.is_connected = False
    world.submit("ann")
    assert world.step() == 0
    world.launcher.is_connected = True
    assert world.step() == 1
    world.join(world.launcher.held[0])
    assert world.step() == 1
    world.hosts.leave(world.launcher.held[0])
    assert world.step() == 2


def test_jobs_that_need_a_gpu_have_seats_of_their_own(tmp_path):
    world = World(tmp_path, gpu_seats=2)
    kinds = lambda: [world.launcher.kinds[host_id].name for host_id in world.launcher.held]  # noqa: E731
    for owner in ("ann", "bob", "cid"):
        world.submit(owner, needs=GPU)
    world.submit("dan")
    world.step()
    assert sorted(kinds()) == ["any", "gpu", "gpu"], "as many as there may be"
    for host_id in world.launcher.held:
        has_gpu = world.launcher.kinds[host_id] == ON_GPU
        world.hosts.join(Host(id=host_id, name="node", gpus=int(has_gpu), gpu_seats=int(has_gpu)))
        assert world.jobs.claim(host_id, world.limits, Seat(has_gpu=has_gpu))
    world.step()
    assert sorted(kinds()) == ["any", "gpu", "gpu"]
    for job in world.jobs.jobs():
        world.jobs.cancel(job.id)
    world.submit("eve", needs=GPU)
    world.submit("fay", 2)
    world.step()
    assert sorted(kinds()) == ["any", "gpu", "gpu"], "a GPU that no job needs takes another"
    world.submit("gil")
    world.step()
    assert sorted(kinds()) == ["any", "any", "gpu", "gpu"]
    world.database.close()


def test_gpus_of_other_hosts_are_used_first(tmp_path):
    world = World(tmp_path, gpu_seats=2)
    world.hosts.join(Host(id="other", name="other", seats=2, gpus=1, gpu_seats=1))
    world.submit("ann", needs=GPU)
    world.submit("bob")
    assert world.step() == 0
    world.submit("cid", needs=GPU)
    assert world.step() == 1
    assert world.launcher.kinds[world.launcher.held[0]] == ON_GPU
    world.database.close()


def test_a_database_that_fails_changes_nothing(world, monkeypatch):
    world.submit("ann")

    def fail():
        raise StoreError("away")

    with monkeypatch.context() as patch:
        patch.setattr(world.hosts, "states", fail)
        assert world.step() == 0
    assert world.step() == 1


def test_short_jobs_get_seats_of_their_own_when_long_ones_have_taken_all_others(tmp_path):
    express = SeatKind(name="express", is_express=True)
    world = World(tmp_path, most=2)
    world.keeper._kinds = {**world.keeper._kinds, express: Scale(most=1, idle_s=60)}
    world.keeper._short_s = 60.0

    def held():
        return sorted(
            kind.name for host_id, kind in world.launcher.kinds.items() if host_id in world.launcher.held
        )

    world.submit("ann", cost_s=5.0)
    world.step()
    assert held() == ["any"], "there is room for it"
    for owner in ("bob", "cid", "dan"):
        world.submit(owner, cost_s=3600.0)
    world.step()
    assert held() == ["any", "any", "express"], "the long ones may take both"
    for host_id in world.launcher.held:
        world.hosts.join(
            Host(id=host_id, name="node", express_seats=int(world.launcher.kinds[host_id] == express))
        )
    for _ in range(3):
        world.submit("eve", cost_s=5.0)
    world.step()
    assert held() == ["any", "any", "express"], "there are to be no more"
    for job in world.jobs.jobs():
        world.jobs.cancel(job.id)
    world.step(70)
    assert len(world.launcher.drained) == 3
    world.database.close()
