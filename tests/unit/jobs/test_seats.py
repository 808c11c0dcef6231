"""Which seats there are, and what a queued job lacks."""

from dataclasses import replace

import pytest

from job_examples import DATABASES, HOLDER, Jobs, new, opened
from quickml.jobs.hosts import Host, Hosts
from quickml.jobs.job import GPU, NewJob
from quickml.jobs.seats import Lack, Seats

SHORT_S = 60.0


@pytest.fixture(params=DATABASES)
def world(request, tmp_path):
    database = opened(tmp_path / "quickml.db", request.param)
    yield Hosts(database), Jobs(database)
    database.close()


@pytest.mark.parametrize(
    ("seats", "cost_s", "lack"),
    [
        (Seats(), None, Lack.WORKER),
        (Seats(all=2), None, Lack.GPU),
        (Seats(all=2, gpu=1, busy=2), None, None),
        (Seats(all=2, express=1, gpu=1, express_gpu=1), None, Lack.LONG_SEAT),
        (Seats(all=2, express=1, gpu=1, express_gpu=1), SHORT_S, None),
        (Seats(all=2, express=1, gpu=2, express_gpu=1), None, None),
    ],
)
def test_a_job_that_needs_a_gpu_lacks_one(world, seats, cost_s, lack):
    _, store = world
    job, _ = store.submit(replace(new(), needs=GPU, cost_s=cost_s))
    assert seats.lack(job, short_s=SHORT_S) is lack


def test_seats_are_those_of_hosts_that_live(world):
    hosts, store = world
    assert hosts.seats() == Seats()
    hosts.join(Host(id=HOLDER, name="room-1", seats=3, express_seats=1))
    hosts.join(Host(id="other", name="room-2", seats=2, gpus=1, gpu_seats=2))
    store.submit(new())
    store.claim()
    assert hosts.seats() == Seats(all=5, express=1, gpu=2, busy=1)
    assert hosts.seats().free == 4
    assert {type(value) for value in vars(hosts.seats()).values()} == {int}
    hosts.join(Host(id="both", name="room-3", seats=2, express_seats=1, gpus=1, gpu_seats=2))
    assert (hosts.seats().gpu, hosts.seats().express_gpu) == (4, 1)
    hosts.leave("both")
    hosts.leave(HOLDER)
    assert hosts.seats() == Seats(all=2, gpu=2), "what a lost host held is not busy anywhere"


@pytest.mark.parametrize(
    ("seats", "cost_s", "lack"),
    [
        (Seats(), 1.0, Lack.WORKER),
        (Seats(all=2, busy=2), None, None),
        (Seats(all=2, express=1), 3600.0, None),
        (Seats(all=2, express=2), SHORT_S, None),
        (Seats(all=2, express=2), SHORT_S + 1, Lack.LONG_SEAT),
        (Seats(all=2, express=2), None, Lack.LONG_SEAT),
        (Seats(all=2, gpu=1), None, None),
    ],
)
def test_a_job_lacks_what_no_host_has_busy_or_not(world, seats, cost_s, lack):
    _, store = world
    job, _ = store.submit(NewJob(owner="ada", name="iris", document="{}", epochs=1, cost_s=cost_s))
    assert seats.lack(job, short_s=SHORT_S) is lack
